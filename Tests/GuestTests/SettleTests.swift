import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_guest

private let account = Accounts.Account(name: "dev", uid: 1000, gid: 1000, home: "/home/dev", shell: "/bin/bash")

@Suite struct `A login shell` {
    private func stage() throws -> SystemStage {
        try SystemStage([
            "/etc/shells": "# shells\n/bin/sh\n/bin/bash\n/usr/bin/bash\n/usr/bin/zsh # Z\n/bin/zsh\n/usr/bin/gone\n",
            "/bin/bash": "", "/usr/bin/bash": "", "/bin/zsh": "", "/usr/bin/zsh": "", "/usr/bin/fish": "",
        ])
    }

    @Test(arguments: [("zsh", "/usr/bin/zsh"), ("/bin/zsh", "/bin/zsh"), ("/usr/bin/bash", "/usr/bin/bash")])
    func `is set by name or path`(wanted: String, shell: String) throws {
        let stage = try stage()
        #expect(try LoginShell.set(wanted, for: account, in: stage.tree))
        #expect(stage.ran == ["usermod --shell \(shell) dev"])
    }

    @Test(arguments: [nil, "bash", "/bin/bash"])
    func `is left alone when it is that already`(wanted: String?) throws {
        let stage = try stage()
        #expect(try !LoginShell.set(wanted, for: account, in: stage.tree))
        #expect(stage.ran == [])
    }

    @Test(arguments: ["fish", "/usr/bin/fish", "gone", "nologin", "ba"])
    func `is none that is not listed, or is not there`(wanted: String) throws {
        let stage = try stage()
        let refusal = #expect(throws: Refusal.self) { try LoginShell.set(wanted, for: account, in: stage.tree) }
        #expect(refusal?.message == "“\(wanted)” is not a login shell of the VM")
        #expect(refusal?.hint?.hasSuffix("those there are: bash, zsh") == true)
        #expect(stage.ran == [])
    }
}

@Suite struct `Who commits are by` {
    /// A git whose settings are a dictionary.
    private final class PretendGit {
        var values: [String: String] = [:]

        func run(_ words: [String]) -> (exit: Exit, output: String) {
            guard words.count == 5 else {
                values[words[2]] = words[3]
                return (.exited(0), "")
            }
            guard let value = values[words[4]] else { return (.exited(1), "") }
            return (.exited(0), value + "\n")
        }
    }

    private let git = PretendGit()
    private let scratch = ScratchDirectory()

    private func set(_ name: String?, _ email: String? = nil) throws -> Bool {
        var developer = DeveloperGit(account)
        developer.git = { [git] words throws(Refusal) in git.run(words) }
        developer.memory = FilePath(scratch("identity.json"))
        return try developer.set(GitIdentity(name: name, email: email))
    }

    @Test func `is set, changed and left alone when nothing is asked`() throws {
        #expect(try set("Ann", "ann@example.org"))
        #expect(git.values == ["user.name": "Ann", "user.email": "ann@example.org"])
        #expect(try !set("Ann", "ann@example.org"))
        #expect(try set("Ann B.", nil))
        #expect(git.values == ["user.name": "Ann B.", "user.email": "ann@example.org"])
        #expect(try !set(nil, nil))
    }

    @Test func `stays what the person chose`() throws {
        git.values = ["user.name": "Theirs"]
        #expect(try set("Ann", "ann@example.org"))
        #expect(git.values == ["user.name": "Theirs", "user.email": "ann@example.org"])
        // Also when they change what dvm wrote.
        git.values["user.email"] = "other@example.org"
        #expect(try !set("Ann", "new@example.org"))
        #expect(git.values == ["user.name": "Theirs", "user.email": "other@example.org"])
    }
}

@Suite struct `The code of a project` {
    @Test(
        arguments: [
            ([], .empty), ([".dvm-clone"], .empty), ([".dvm-cloned"], .halfMoved),
            ([".dvm-cloned", "src"], .halfMoved),
            ([".git"], .repository), (["src", ".git"], .repository), ([".dvm-cloned", ".git"], .repository),
            (["src"], .occupied), ([".dvm-clone", "src"], .occupied), ([".gitignore"], .occupied),
        ] as [([String], CodeState)]
    )
    func `is got into an empty directory only`(names: [String], state: CodeState) { #expect(CodeState(names) == state) }

    private let ssh = Repository(address: "git@example.org:a/b.git")
    private let key: Ed25519Key

    init() throws {
        key = try Ed25519Key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl app")
    }

    @Test func `behind a server that knows no key comes with the key to register`() {
        let said =
            "Warning: Permanently added 'example.org'\ngit@example.org: Permission denied (publickey).\r\nfatal: x\n"
        let refusal = CloneRefusal.text(for: ssh, saying: said, key: key, vm: "app")
        #expect(refusal.message == "the server of git@example.org:a/b.git knows no key of this VM")
        let register = "register this key there, as a deploy key of the repository or for yourself"
        let after = "then run `dvm sync` again, which goes on from here; `dvm ssh-key app` shows it again: \(key.line)"
        #expect(refusal.hint == "\(register), \(after)")
        let forge = Repository(address: "git@github.com:a/b.git")
        #expect(
            CloneRefusal.text(for: forge, saying: said, key: key, vm: "app").hint
                == "\(register) (https://github.com/settings/ssh/new, as an authentication key), \(after)"
        )
    }

    @Test func `behind another host key than a forge publishes is not called a new server`() {
        let forge = Repository(address: "git@github.com:a/b.git")
        let refusal = CloneRefusal.text(for: forge, saying: "Host key verification failed.\n", key: key, vm: "app")
        #expect(refusal.message == "what answers as github.com has another host key than github.com publishes")
    }

    @Test(arguments: [
        ("Host key verification failed.\nfatal: Could not read\n", "is not the one this VM has met before"),
        (
            "Warning: Permanently added x\nssh: Could not resolve hostname h\nfatal: y",
            "ssh: Could not resolve hostname h"
        ),
        ("", "git says nothing"),
    ])
    func `that cannot be reached says why`(said: String, part: String) {
        #expect(CloneRefusal.text(for: ssh, saying: said, key: key, vm: "app").message.contains(part))
    }

    @Test func `over HTTPS has nothing to do with keys`() {
        let https = Repository(address: "https://example.org/a.git")
        let refusal = CloneRefusal.text(for: https, saying: "fatal: Permission denied", key: nil, vm: "app")
        #expect(refusal.message.contains("cannot be reached"))
        #expect(refusal.hint?.contains("key") == false)
    }
}
