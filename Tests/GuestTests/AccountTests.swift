import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `The accounts of a VM` {
    private func account(_ line: String, named name: String = "dev") -> Accounts.Account? {
        Accounts(passwd: line, group: "")[name]
    }

    @Test func `are read from the lines of passwd`() {
        #expect(
            account("dev:x:1000:1001:A Name,,,:/home/dev:/bin/zsh")
                == .init(name: "dev", uid: 1000, gid: 1001, home: "/home/dev", shell: "/bin/zsh")
        )
    }

    @Test func `have the usual shell where none is named`() {
        #expect(account("dev:x:1000:1001::/home/dev:")?.shell == "/bin/sh")
    }

    @Test(arguments: [
        "", "dev", "dev:x:1000:1000::/home/dev", "dev:x:1000:1000::/home/dev:/bin/sh:more", "dev:x::1000::/h:/s",
        "dev:x:-1:1000::/h:/s", "dev:x:4294967296:0::/h:/s", "dev:x:0x0:0::/h:/s", "dev:x:1000:none::/h:/s",
        "+::::::", "#dev:x:1000:1000::/h:/s", " dev:x:1000:1000::/h:/s",
    ])
    func `are not what is no entry`(line: String) {
        let accounts = Accounts(passwd: line + "\nother:x:1:1::/o:/bin/o", group: "")
        #expect(accounts["dev"] == nil)
        #expect(accounts["other"]?.uid == 1)
    }

    @Test func `are the first of their name`() {
        let twice = "dev:x:1000:1000::/home/dev:/bin/sh\ndev:x:0:0::/root:/bin/bash\n"
        #expect(account(twice)?.uid == 1000)
    }

    // What a person may write into the field for a name, with chfn(1), never reaches another line or field.
    @Test(arguments: ["\u{2028}", "\u{85}", "\u{0B}", "\u{0C}", "\u{301}", "\r"])
    func `are not cut by what only looks like a separator`(text: String) {
        #expect(
            account("dev:x:1000:1000:\(text)name\(text):/home/dev:/bin/sh\n")
                == .init(name: "dev", uid: 1000, gid: 1000, home: "/home/dev", shell: "/bin/sh")
        )
    }

    @Test func `belong to groups`() throws {
        let accounts = Accounts(
            passwd: "dev:x:1000:1000::/home/dev:/bin/sh",
            group: """
                dev:x:1000:
                extra:x:2000:alice,dev
                nested:x:2001:develop,adev
                twice:x:2002:dev,dev
                broken:x:none:dev
                short:x:2003
                own:x:1000:dev

                """
        )
        let dev = try #require(accounts["dev"])

        #expect(accounts.groups(of: dev) == [2000, 2002])
        #expect(accounts.groupNames(of: dev) == ["dev", "extra", "twice", "own"])
        #expect(accounts.group("extra") == 2000)
        #expect(accounts.group("broken") == nil)
    }

    @Test func `survive any text`() {
        var random = SeededGenerator(seed: 11)
        let letters = Array("dev:x:0123456789\n,/\u{0}\u{2028}é".unicodeScalars)
        for _ in 0..<2000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<60 { text.append(letters.randomElement(using: &random) ?? ":") }
            let accounts = Accounts(passwd: String(text), group: String(text))
            if let account = accounts["dev"] { _ = accounts.groups(of: account) }
        }
    }
}

@Suite struct `A locked password` {
    @Test(
        arguments: [
            ("dvm-agent:!:19000::::::", true),
            ("dvm-agent:!*:19000::::::", true),
            ("dvm-agent:*:19000::::::", true),
            ("dvm-agent:!$6$salt$hash:19000::::::", true),
            ("dvm-agent::19000::::::", false),
            ("dvm-agent:$y$j9T$x:19000::::::", false),
            // Not being there is no proof.
            ("", false),
            ("dvm-agent", false),
            ("dvm-agent2:!:19000::::::", false),
            ("root:!:1::::::\ndvm-agent::1::::::", false),
            // The first entry of a name counts.
            ("dvm-agent:x:1::::::\ndvm-agent:!:1::::::", false),
            ("root:$y$x:1::::::\ndvm-agent:!:1::::::", true),
        ]
    )
    func `is one nobody can type`(shadow: String, isLocked: Bool) {
        #expect(AccountChecks.passwordIsLocked(of: "dvm-agent", in: shadow) == isLocked)
    }
}

@Suite struct `The checks of the accounts` {
    private let home = ScratchDirectory()

    private func verdicts(passwd: String, group: String) -> [String: DoctorReport.Check] {
        let checks = AccountChecks(
            settings: Settings(user: "dev", codeDirectory: "/srv/app"),
            accounts: Accounts(passwd: passwd, group: group)
        ).checks()
        #expect(checks.allSatisfy { $0.verdict == .pass || $0.remedy != nil })
        return Dictionary(uniqueKeysWithValues: checks.map { ($0.name, $0) })
    }

    private func developer(uid: UInt32 = 64_101) -> String {
        "dev:x:\(uid):\(uid)::\(home.path):/bin/sh\n"
    }
    private let agent = "dvm-agent:x:64102:64102::/var/lib/dvm-agent:/usr/sbin/nologin\n"
    private let groups = "dev:x:64101:\ndvm-agent:x:64102:\n"

    @Test func `find accounts that are gone`() {
        let checks = verdicts(passwd: "", group: "")
        #expect(checks["user"]?.verdict == .fail)
        #expect(checks["agent account"]?.verdict == .fail)
    }

    @Test func `pass an ordinary account`() {
        #expect(verdicts(passwd: developer() + agent, group: groups)["user dev"]?.verdict == .pass)
    }

    @Test(arguments: ["sudo", "wheel", "docker", "lxd", "disk", "root"])
    func `warn of a group that leads to root`(group: String) {
        let check = verdicts(passwd: developer() + agent, group: groups + "\(group):x:27:dev\n")["user dev"]
        #expect(check?.verdict == .warn)
        #expect(check?.found.contains(group) == true)
    }

    @Test func `warn of a system account`() {
        #expect(verdicts(passwd: developer(uid: 999) + agent, group: groups)["user dev"]?.verdict == .warn)
    }

    @Test(arguments: [(0o700, true), (0o750, true), (0o701, false), (0o755, false), (0o704, false)])
    func `fail a home that others can enter`(mode: Int, isClosed: Bool) throws {
        try home.give(to: 64_101, mode: mode)
        let check = verdicts(passwd: developer() + agent, group: groups)["home of dev"]
        #expect(check?.verdict == (isClosed ? .pass : .fail))
    }

    @Test func `fail a home of somebody else's`() throws {
        try home.give(to: 64_103, mode: 0o700)
        let checks = verdicts(passwd: developer() + agent, group: groups)
        #expect(checks["home of dev"]?.verdict == .fail)
        #expect(checks["home and agent"]?.verdict == .fail)
    }

    @Test func `fail a home without the entry for the agent, and pass one with it`() throws {
        try home.give(to: 64_101, mode: 0o700)
        #expect(verdicts(passwd: developer() + agent, group: groups)["home and agent"]?.verdict == .fail)

        let directory = try Directories.openOwned(FilePath(home.path), by: 64_101)
        try AccessList.deny(uid: 64_102, on: directory.raw, path: home.path)
        #expect(verdicts(passwd: developer() + agent, group: groups)["home and agent"]?.verdict == .pass)
    }

    @Test(
        arguments: [
            ("dvm-agent:x:0:0::/:/usr/sbin/nologin\n", "", "is root"),
            ("dvm-agent:x:64102:64102::/:/bin/bash\n", "", "has the login shell /bin/bash"),
            ("dvm-agent:x:64102:64102::/:\n", "", "has the login shell /bin/sh"),
            ("dvm-agent:x:64102:64102::/:/bin/false\n", "docker:x:1:dvm-agent\n", "is in the groups docker"),
            ("dvm-agent:x:64102:27::/:/bin/false\n", "sudo:x:27:\n", "is in the groups sudo"),
        ]
    )
    func `fail an agent that is more than one`(passwd: String, group: String, finding: String) {
        let check = verdicts(passwd: developer() + passwd, group: group)["agent account"]
        #expect(check?.verdict == .fail)
        #expect(check?.found.contains(finding) == true)
    }
}

@Suite struct `What works in a VM` {
    private func process(_ pid: Int32, _ uid: UInt32, _ words: String...) -> RunningProcess {
        RunningProcess(pid: pid, uid: uid, arguments: words, namespace: nil)
    }

    @Test func `is what the user runs, whatever starts by itself left out`() {
        let idle = [
            process(1, 0, "/sbin/init"), process(2, 1000, "/lib/systemd/systemd", "--user"),
            process(3, 1000, "(sd-pam)"), process(4, 1000, "/usr/bin/dbus-daemon", "--session"),
            // It has ended, and nobody has asked how.
            process(5, 1000), process(6, 1001, "vim"),
        ]
        #expect(Activity.programs(idle, of: 1000) == [])
        let busy = [
            process(7, 1000, "-bash"), process(8, 1000, "tmux: server"), process(9, 1000, "/opt/x/node", "server.js"),
            process(10, 1000, "/opt/y/node"),
        ]
        #expect(Activity.programs(idle + busy, of: 1000) == ["-bash", "node", "tmux:"])
    }
}

@Suite struct `The identity of a copied VM` {
    @Test func `is a random machine id`() {
        #expect(
            IdentityRenewal.machineID([UInt8](repeating: 0xFF, count: 16)) == "ffffffffffff4fffbfffffffffffffff\n"
        )
        #expect(IdentityRenewal.machineID([UInt8](repeating: 0, count: 16)) == "00000000000040008000000000000000\n")
    }

    @Test func `is recorded under the VM's name, and done again only where it may be another's`() throws {
        let directory = ScratchDirectory()
        let record = IdentityRecord(path: FilePath("\(directory.path)/state/identity"))
        let putBack = IdentityRenewal(hostName: "web", unlessItsOwn: true)
        #expect(record.read() == nil)
        #expect(!putBack.isDone(by: record))
        #expect(try record.keep("app"))
        #expect(record.read() == "app")
        #expect(!putBack.isDone(by: record))
        #expect(try record.keep("web"))
        #expect(try !record.keep("web"))
        #expect(putBack.isDone(by: record))
        #expect(!IdentityRenewal(hostName: "web").isDone(by: record))
    }

    @Test func `leaves no private key, by what is in it, nor where a link in the home leads`() throws {
        let home = ScratchDirectory()
        let other = ScratchDirectory()
        try Data("-----BEGIN PRIVATE KEY-----\n".utf8).write(to: URL(filePath: "\(other.path)/theirs"))
        let script = """
            cd "$HOME" && mkdir -p .ssh .gnupg/private-keys-v1.d elsewhere
            printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\\nx\\n' | tee .ssh/mine .ssh/id_ed25519 elsewhere/key >/dev/null
            printf -- '-----BEGIN PRIVATE KEY-----' >.ssh/no-line
            echo 'ssh-ed25519 AAAA' | tee .ssh/mine.pub .ssh/authorized_keys .ssh/known_hosts >/dev/null
            head -c 4096 /dev/zero >.ssh/zero; mkfifo .ssh/pipe; mkdir .ssh/directory
            mkdir -p .ssh/work && cp .ssh/mine .ssh/work/key && cp .ssh/mine .ssh/.dvm-new-1 && cp .ssh/mine .ssh/a.old-1
            echo x >.gnupg/private-keys-v1.d/0A.key; echo x >.gnupg/pubring.kbx
            # Links to a key, to a link to one, to a directory with one, to none, to nothing, and out of the home.
            mkdir far team; cp elsewhere/key far/deep; ln -s far/deep chain; cp elsewhere/key team/theirs; echo x >team/notes
            ln -s ../elsewhere/key .ssh/link; touch elsewhere/key.pub; ln -s ../chain .ssh/chained; ln -s ../team .ssh/team
            echo x >plain; ln -s ../plain .ssh/plain; ln -s nothing .ssh/dangling; ln -s . .ssh/loop
            ln -s '\(other.path)/theirs' .ssh/outside; ln -s '\(other.path)' .ssh/abroad
            cp elsewhere/key "$(printf '.ssh/two\nlines')"; cp elsewhere/key gpg.key
            ln -s ../../gpg.key .gnupg/private-keys-v1.d/0B.key
            """
        #expect(try shell(script, home.path) == "")
        let removed = try shell(IdentityRenewal.keyRemoval, home.path).split(separator: "\n")
        #expect(
            Set(removed) == [
                ".ssh/.dvm-new-1", ".ssh/a.old-1", ".ssh/id_ed25519", ".ssh/mine", ".ssh/no-line", ".ssh/work/key",
                ".gnupg/private-keys-v1.d/0A.key", ".ssh/link", "elsewhere/key", ".ssh/chained", "far/deep",
                ".ssh/two", "lines", ".gnupg/private-keys-v1.d/0B.key", "gpg.key",
                "/stays \(other.path)/theirs", "/stays \(home.path)/team/theirs",
            ],
            "\(removed)"
        )
        #expect(FileManager.default.fileExists(atPath: "\(other.path)/theirs"))
        #expect(
            try shell("cd \"$HOME\" && find . -type f -o -type l | LC_ALL=C sort", home.path)
                == """
                ./.gnupg/pubring.kbx
                ./.ssh/abroad
                ./.ssh/authorized_keys
                ./.ssh/dangling
                ./.ssh/known_hosts
                ./.ssh/loop
                ./.ssh/outside
                ./.ssh/plain
                ./.ssh/team
                ./.ssh/zero
                ./chain
                ./plain
                ./team/notes
                ./team/theirs

                """
        )
        // Without anything to remove.
        #expect(try shell("rm -rf \"$HOME\"/.ssh \"$HOME\"/.gnupg", home.path) == "")
        #expect(try shell(IdentityRenewal.keyRemoval, home.path) == "")
    }

    @Test func `says what dvm had made, also when it is gone already`() throws {
        let home = ScratchDirectory()
        let script = """
            cd "$HOME" && mkdir -m 0700 .ssh .gnupg && touch .ssh/dvm_allowed_signers
            gpg --batch -q --passphrase '' --quick-generate-key 'app dvm <dvm-app@local>' ed25519 sign 1y 2>/dev/null
            gpgconf --kill gpg-agent
            """
        #expect(try shell(script, home.path) == "")
        #expect(try shell(IdentityRenewal.keyRemoval, home.path).contains(".gnupg/private-keys-v1.d/"))
        #expect(try shell(IdentityRenewal.keyRemoval, home.path) == "/had-ssh\n/had-gpg\n")
        #expect(try shell("gpg --batch --list-secret-keys 2>/dev/null; gpgconf --kill gpg-agent", home.path) == "")
    }

    @Test func `is host keys of its own, and none of the old`() throws {
        let root = ScratchDirectory()
        let script = """
            mkdir -p "$HOME/etc/ssh/dvm-new-keys/etc" && cd "$HOME/etc/ssh" && ssh-keygen -q -A -f "$HOME"
            echo old | tee ssh_host_dsa_key ssh_host_ed25519_key-cert.pub >/dev/null; echo x >sshd_config
            cat ssh_host_*.pub
            """
        let old = Set(try shell(script, root.path).split(separator: "\n"))
        try IdentityRenewal.renewHostKeys(below: FilePath(root.path))
        let new = try shell("cd \"$HOME/etc/ssh\" && cat ssh_host_*.pub", root.path).split(separator: "\n")
        #expect(new.count >= 2 && old.isDisjoint(with: new))
        let names = try shell("cd \"$HOME/etc/ssh\" && echo *", root.path)
        #expect(!names.contains("host_dsa") && !names.contains("cert") && !names.contains("dvm-new"))
        #expect(names.contains("sshd_config"))
        #expect(try shell("cd \"$HOME/etc/ssh\" && ssh-keygen -y -f ssh_host_ed25519_key", root.path).isEmpty == false)
    }

    private func shell(_ script: String, _ home: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script]
        process.environment = ["HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C"]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text
    }
}
