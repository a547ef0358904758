import DVMProtocol
import Foundation
import Testing

extension VMTests {
    @Suite struct `Keys of a VM's own` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        /// Takes away what was made, since other tests commit too.
        private func clear() throws {
            try vm.root(
                """
                cd \(vm.userHome)
                rm -rf .gnupg keys .ssh/id_ed25519_dvm* .ssh/dvm_* .ssh/config .gitconfig.before
                [ ! -e .gitconfig.saved ] || mv .gitconfig.saved .gitconfig
                """
            )
        }

        @Test func `sign commits that git verifies, and nothing private is on this computer`() throws {
            try vm.developer("touch ~/.gitconfig; cp -p ~/.gitconfig ~/.gitconfig.saved")
            defer { try? clear() }
            let made = try vm.dvm("ssh-key", vm.name, "--json", "--verbose")
            try #require(made.status == 0, "\(made.complaint)")
            let keys = try JSON.decode(SSHKeys.self, from: Array(made.output))
            #expect(keys.access.comment == "\(vm.name)-dvm-git-access" && keys.access != keys.signing)
            let shown = try vm.dvm("ssh-key", vm.name)
            #expect(shown.text.contains(keys.access.line) && shown.text.contains(keys.signing.line))

            let gpg = try vm.dvm("gpg-key", vm.name, "--json")
            try #require(gpg.status == 0, "\(gpg.complaint)")
            let key = try JSON.decode(GPGKey.self, from: Array(gpg.output))
            let verified = try vm.developer(
                """
                exec 2>&1; set -e; git init -q ~/keys; cd ~/keys
                export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x
                git commit -q --allow-empty -m ssh; git verify-commit HEAD
                git config gpg.format openpgp; git config user.signingKey \(key.fingerprint)
                git commit -q --allow-empty -m gpg; git verify-commit HEAD
                """
            )
            #expect(verified.text.contains("Good \"git\" signature"), "\(verified.text)")
            #expect(verified.text.contains("Good signature from \"\(vm.name) dvm"), "\(verified.text)")

            let doctor = try vm.dvm("doctor", vm.name).text
            #expect(doctor.contains("the 2 in ~/.ssh are closed to others"), "\(doctor)")
            #expect(doctor.contains("GPG key") && doctor.contains("expires in 36"), "\(doctor)")

            try expectNothingPrivate(beside: made, shown, gpg)
        }

        /// Looks for the private keys where dvm and Lima keep things on this computer, and in what was printed.
        ///
        /// Without the first line, which is the same in every key without a passphrase, Lima's own too.
        private func expectNothingPrivate(beside outcomes: RunningProgram.Outcome...) throws {
            let lines = try vm.root(
                """
                cd \(vm.userHome)
                cat .ssh/id_ed25519_dvm .ssh/id_ed25519_dvm_signing | grep -v -e ----- -e ^b3BlbnNzaC1rZXktdjE | cut -c 15-
                base64 -w 60 .gnupg/private-keys-v1.d/*.key | tail -n +2 | head -n 4
                """
            ).split(separator: "\n").filter { $0.count > 30 }.map(String.init)
            try #require(lines.count >= 8)
            let home = try #require(vm.environment["HOME"]).dropLast("/home".count)
            let patterns = "\(home)/patterns"
            func found(_ lines: [String]) throws -> String {
                try (lines.joined(separator: "\n") + "\n").write(toFile: patterns, atomically: true, encoding: .utf8)
                defer { try? FileManager.default.removeItem(atPath: patterns) }
                // The VM's disk is where they are; everything else is dvm's and Lima's.
                return try vm.host(
                    "/bin/grep",
                    "-rlsaF",
                    "--devices=skip",
                    "--exclude=*disk*",
                    "--exclude=patterns",
                    "-f",
                    patterns,
                    String(home)
                ).text
            }
            #expect(try found(lines) == "")
            // What is there is found.
            #expect(try found(["user \(vm.user)"]) != "")
            for outcome in outcomes { #expect(!lines.contains { (outcome.text + outcome.complaint).contains($0) }) }
        }
    }
}
