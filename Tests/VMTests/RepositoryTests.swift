import Foundation
import Testing

extension VMTests {
    /// The forge is an account with git's shell in the same VM, behind the VM's own sshd.
    @Suite(.writesConfiguration) struct `The code of a VM's project` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        private static let repository = "git@127.0.0.1:app.git"
        private var settings: String { "DVM_CODE_DIR=~/code/forge\nDVM_REPO=\(Self.repository)\n" }
        private var code: String { "\(vm.userHome)/code/forge" }

        private func buildForge() throws {
            try vm.root(
                """
                useradd --create-home --shell /usr/bin/git-shell git
                # Nobody logs in with a password, and the account is not locked either.
                usermod -p '*' git
                install -d -o git -g git -m 700 ~git/.ssh
                cd "$(mktemp -d)" && git init -q -b main && echo code >file
                # What a hostile repository would like to run.
                mkdir -p hooks && printf '#!/bin/sh\\ntouch /tmp/hook-ran\\n' >hooks/post-checkout && chmod +x hooks/*
                git add . && git -c user.name=a -c user.email=a@b commit -qm one
                git clone -q --bare --template= . ~git/app.git && chown -R git: ~git/app.git
                """
            )
        }

        private func register(_ key: Substring) throws {
            try vm.place(Array("\(key)\n".utf8), at: "/home/git/.ssh/authorized_keys", mode: "0600")
            try vm.root("chown git: ~git/.ssh/authorized_keys")
        }

        private func logins() throws -> String {
            try vm.root("journalctl -q --no-pager -t sshd -o cat | grep 'Accepted publickey for git ' || true")
        }

        /// Takes away what every sync of this suite makes.
        private func clear() throws {
            try vm.root("rm -rf \(code) ~git/.ssh/authorized_keys \(vm.userHome)/.ssh")
        }

        @Test func `is cloned once, with the VM's key, when the key is registered`() throws {
            try buildForge()
            defer {
                try? clear()
                try? vm.configure()
                _ = try? vm.dvm("sync", vm.name)
                _ = try? vm.root("userdel -r git")
            }
            try vm.configure(settings)
            let refused = try vm.sync()
            #expect(refused.status == 1)
            let said = "\(vm.name) says: the server of \(Self.repository) knows no key of this VM"
            #expect(refused.text == said, "\(refused.told)")
            #expect(refused.hint.contains("register this key there"), "\(refused.hint)")
            let shown = try #require(refused.hint.firstMatch(of: /ssh-ed25519 [A-Za-z0-9+\/=]+ [^\s;]+/)).output
            #expect(try vm.developer("cat ~/.ssh/id_ed25519_dvm.pub").text == "\(shown)\n")
            #expect(try vm.root("ls -A \(code)") == "")
            #expect(try logins() == "")

            // It says so again, and nothing else is done over.
            let same = try vm.sync()
            #expect(same.status == 1 && same.text == refused.text && same.hint == refused.hint, "\(same.told)")

            try register(shown)
            let cloned = try vm.sync()
            try #require(cloned.status == 0, "\(cloned.told)")
            let fingerprint = try vm.developer("ssh-keygen -lf ~/.ssh/id_ed25519_dvm.pub | cut -d ' ' -f 2").lines[0]
            #expect(try logins().contains(fingerprint))
            let look = """
                cd \(code); git status -sb; git remote get-url origin; git log --format=%s; cat file
                find . ! -user \(vm.user); ls .git/hooks/post-checkout /tmp/hook-ran 2>&1 | grep -v 'No such'
                git pull -q && echo pulled
                """
            let seen = try vm.developer(look)
            #expect(
                seen.lines == ["## main...origin/main", Self.repository, "one", "code", "pulled"],
                "\(seen.text) \(seen.complaint)"
            )

            // Once: what is there is the developer's.
            try vm.developer("cd \(code) && echo mine >file && git rm -qf --cached hooks/post-checkout")
            let before = try logins()
            let again = try vm.sync()
            #expect(again.status == 0 && again.text.contains("nothing had to be done"), "\(again.told)")
            #expect(try vm.developer("cat \(code)/file").text == "mine\n")
            #expect(try logins() == before)
        }

        @Test func `waits on a terminal until the key is registered, and goes on`() throws {
            try buildForge()
            defer {
                try? clear()
                try? vm.configure()
                _ = try? vm.dvm("sync", vm.name)
                _ = try? vm.root("userdel -r git")
            }
            try vm.configure(settings)
            let terminal = try vm.terminal("sync", vm.name, columns: 200)
            let said = try terminal.expect("press Enter to try again", within: .seconds(300))
            #expect(said.contains("knows no key of this VM"), "\(said)")
            #expect(said.contains(try vm.developer("cut -d ' ' -f 2 ~/.ssh/id_ed25519_dvm.pub").lines[0]))

            // Too early is no harm.
            terminal.type("\r")
            try terminal.expect("press Enter to try again", within: .seconds(300))
            try register(try vm.developer("cat ~/.ssh/id_ed25519_dvm.pub").text.dropLast())
            terminal.type("\r")
            try terminal.expect("✓ \(vm.name) is ready", within: .seconds(300))
            #expect(try terminal.exit() == 0)
            #expect(terminal.isOrdinary)
            #expect(try vm.developer("cat \(code)/file").text == "code\n")
        }
    }
}
