import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_host

/// A VM without keys, asked over the protocol, with the real ssh-keygen, ssh and git.
private final class KeyVM {
    let vm: PretendVM
    let client: GuestClient
    /// What it is called, which is what this machine is called.
    let name: String
    /// Everything it said for a task.
    private(set) var said = ""

    init() throws {
        guard unsafe access("/usr/bin/ssh-keygen", X_OK) == 0, unsafe access("/usr/bin/git", X_OK) == 0 else {
            throw MissingPrerequisite("ssh-keygen or git is missing: apt-get install openssh-client git")
        }
        vm = try PretendVM()
        client = try GuestClient(vm)
        name = try String(contentsOfFile: "/etc/hostname", encoding: .utf8).trimmingCharacters(
            in: .whitespacesAndNewlines
        )
    }

    func ssh(_ request: SSHKeyRequest = SSHKeyRequest()) throws -> SSHKeys {
        let outcome = try client.follow(client.open(.task(.sshKeys(request))))
        said += outcome.text + outcome.complaint
        switch outcome.ending {
        case .result(let bytes):
            said += String(decoding: bytes, as: UTF8.self)
            return try JSON.decode(SSHKeys.self, from: bytes)
        case .refused(let refusal): throw refusal
        default: throw MissingPrerequisite("no answer: \(outcome)")
        }
    }

    func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: vm.outside("\(vm.home)/\(path)")).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    func mode(_ path: String) throws -> Int? { Int(try run("stat -c %a ~/\(path)").dropLast(), radix: 8) }

    /// Runs a script as the developer.
    @discardableResult
    func run(_ script: String) throws -> String {
        let common = """
            exec 2>&1; export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x

            """
        let outcome = try client.run(Program(.words(["/bin/bash", "-ec", common + script])))
        guard outcome.ending == .exit(.exited(0)) else {
            throw MissingPrerequisite("the script failed: \(outcome.text)")
        }
        return outcome.text
    }
}

@Suite(.serialized) struct `SSH keys of a VM` {
    @Test func `are two, closed to others, and stay the same`() throws {
        let stage = try KeyVM()
        let first = try stage.ssh()
        #expect(first.access.base64 != first.signing.base64)
        #expect(
            first.access.comment == "\(stage.name)-dvm-git-access"
                && first.signing.comment == "\(stage.name)-dvm-git-signing"
        )
        for name in ["id_ed25519_dvm", "id_ed25519_dvm_signing", "config", "dvm_config", "dvm_known_hosts"] {
            #expect(try stage.mode(".ssh/\(name)") == 0o600, "\(name)")
        }
        #expect(try stage.mode(".ssh") == 0o700)
        #expect(stage.read(".ssh/id_ed25519_dvm.pub") == first.access.line + "\n")

        let second = try stage.ssh()
        #expect(second.access == first.access && second.signing == first.signing)
        #expect(second.changes == [])
        #expect(try stage.run("ls -A ~/.ssh | grep new || true") == "", "nothing half-made is left")
    }

    @Test func `never leave the VM`() throws {
        let stage = try KeyVM()
        _ = try stage.ssh()
        _ = try stage.ssh(SSHKeyRequest(rotates: true))
        let text = stage.said
        let secrets = try stage.run("cat ~/.ssh/id_ed25519_dvm ~/.ssh/id_ed25519_dvm_signing ~/.ssh/*.old-*[0-9a-f]")
            .split(separator: "\n").filter { !$0.hasPrefix("-----") && !$0.hasPrefix("ssh-") && $0.count == 70 }
        #expect(secrets.count >= 8)
        // The line that holds the public part too begins alike in every key.
        for secret in secrets { #expect(!text.contains(secret.suffix(40))) }
        #expect(!text.contains("PRIVATE"))
    }

    @Test func `sign commits that git verifies`() throws {
        let stage = try KeyVM()
        _ = try stage.ssh()
        let output = try stage.run(
            "git init -q r; cd r; git commit -q --allow-empty -m x; git verify-commit HEAD; git tag -m v v1; git verify-tag v1"
        )
        #expect(output.split(separator: "\n").count { $0.contains("Good \"git\" signature") } == 2, "\(output)")
        // A commit nobody signed is told apart.
        let unsigned = try stage.run("cd r; git commit -q --no-gpg-sign --allow-empty -m y; ! git verify-commit HEAD")
        #expect(!unsigned.contains("Good"))
    }

    @Test func `make way for new ones, and what the old ones signed stays verified`() throws {
        let stage = try KeyVM()
        let old = try stage.ssh()
        try stage.run("git init -q r; cd r; git commit -q --allow-empty -m x")
        let new = try stage.ssh(SSHKeyRequest(rotates: true))
        #expect(Set(new.replaced) == [old.access, old.signing])
        #expect(new.access != old.access && new.signing != old.signing)
        #expect(new.text.contains("Take these off"))
        let output = try stage.run("cd r; git commit -q --allow-empty -m y; git verify-commit HEAD HEAD~")
        #expect(output.split(separator: "\n").count { $0.contains("Good") } == 2, "\(output)")
    }

    @Test func `are used by ssh for the servers that were named, and leave the user's own settings alone`() throws {
        let stage = try KeyVM()
        let own = "Host github.com-other\n  User me\n"
        try stage.run("mkdir -m 755 ~/.ssh; printf '\(own)' >~/.ssh/config")
        _ = try stage.ssh(SSHKeyRequest(hosts: ["git.example.org"]))
        let keys = try stage.ssh()
        #expect(keys.hosts.last == "git.example.org", "named once, it stays")
        #expect(stage.read(".ssh/config") == "Include ~/.ssh/dvm_config\n" + own)
        for host in ["github.com", "git.example.org"] {
            let effective = try stage.run("ssh -F ~/.ssh/config -G \(host)").split(separator: "\n")
            #expect(effective.contains("identitiesonly yes"), "\(host)")
            #expect(effective.contains { $0.hasPrefix("identityfile") && $0.hasSuffix("id_ed25519_dvm") })
            #expect(effective.contains("stricthostkeychecking true") == (host == "github.com"), "\(effective)")
        }
        #expect(try stage.run("ssh -F ~/.ssh/config -G example.com").contains("identitiesonly no"))
        #expect(try stage.mode(".ssh") == 0o700)
    }

    @Test(arguments: [
        "printf '' >~/.ssh/id_ed25519_dvm", "head -c 100 k >~/.ssh/id_ed25519_dvm", "echo no >~/.ssh/id_ed25519_dvm",
        "ssh-keygen -q -t ed25519 -N secret -f ~/.ssh/id_ed25519_dvm",
        "ssh-keygen -q -t rsa -b 2048 -N '' -f ~/.ssh/id_ed25519_dvm",
        "ln -s ~/k ~/.ssh/id_ed25519_dvm", "ln -s ~/k ~/.ssh/id_ed25519_dvm.pub", "mkdir ~/.ssh/id_ed25519_dvm",
        "mkfifo ~/.ssh/id_ed25519_dvm",
        "ln -s /etc/passwd ~/.ssh/config", "mkfifo ~/.ssh/config", "mkdir ~/.ssh/config",
        "echo x >~/.ssh/config; chmod 0 ~/.ssh/config", "truncate -s 2M ~/.ssh/config", "mkdir ~/.ssh/dvm_config",
        "mkfifo ~/.ssh/dvm_known_hosts", "ln -s ~/k ~/.ssh/dvm_allowed_signers",
        "rmdir ~/.ssh; ln -s /tmp ~/.ssh", "rmdir ~/.ssh; ln -s /root ~/.ssh", "rmdir ~/.ssh; mkfifo ~/.ssh",
    ])
    func `are never written over what is in the way`(script: String) throws {
        let stage = try KeyVM()
        try stage.run("ssh-keygen -q -t ed25519 -N '' -f ~/k; cp ~/k k; mkdir -m 700 ~/.ssh; \(script)")
        // What it makes beside it is its own, and what it repairs are modes.
        let list = """
            find ~/.ssh -maxdepth 0 -printf '%y %l\\n'; [ -L ~/.ssh ] || find ~/.ssh -mindepth 1 -type d -printf '%f d\\n'
            [ -L ~/.ssh ] || find ~/.ssh -mindepth 1 ! -type d ! -name '.dvm-*' -printf '%f %y %s %l\\n'
            """
        let before = Set(try stage.run(list).split(separator: "\n"))
        let refusal = #expect(throws: Refusal.self) { try stage.ssh() }
        #expect(refusal?.hint != nil)
        #expect(before.subtracting(try stage.run(list).split(separator: "\n")) == [])
    }

    @Test func `are repaired where that is safe`() throws {
        let stage = try KeyVM()
        let first = try stage.ssh()
        try stage.run(
            "chmod 644 ~/.ssh/id_ed25519_dvm; chmod 000 ~/.ssh/id_ed25519_dvm_signing; : >~/.ssh/id_ed25519_dvm.pub; rm ~/.ssh/id_ed25519_dvm_signing.pub"
        )
        let second = try stage.ssh()
        #expect(second.access == first.access && second.signing == first.signing)
        #expect(
            try stage.mode(".ssh/id_ed25519_dvm") == 0o600 && (try stage.mode(".ssh/id_ed25519_dvm_signing")) == 0o600
        )
        #expect(stage.read(".ssh/id_ed25519_dvm_signing.pub") == first.signing.line + "\n")
    }

    @Test func `are made anew where the private one is gone, and the public one is told to be taken off`() throws {
        let stage = try KeyVM()
        let first = try stage.ssh()
        try stage.run("rm ~/.ssh/id_ed25519_dvm; chmod 0 ~/.ssh/id_ed25519_dvm_signing.pub ~/.ssh")
        let second = try stage.ssh()
        #expect(second.access != first.access && second.signing == first.signing)
        #expect(second.replaced == [first.access])
        #expect(try stage.mode(".ssh") == 0o700)
    }

    /// What a rotation leaves that is cut off: before the new private key has its name, and after that.
    @Test(arguments: ["true", "mv n id_ed25519_dvm"])
    func `are whole again after a rotation that was cut off, and the old one is told`(rest: String) throws {
        let stage = try KeyVM()
        let first = try stage.ssh()
        try stage.run(
            """
            cd ~/.ssh; ssh-keygen -q -t ed25519 -N '' -C c -f n; rm n.pub; cp n .dvm-new-1
            cp id_ed25519_dvm.pub id_ed25519_dvm.pub.old-x; mv id_ed25519_dvm id_ed25519_dvm.old-x; \(rest); rm -f n
            """
        )
        let second = try stage.ssh()
        #expect(second.replaced == [first.access] && second.signing == first.signing)
        #expect(stage.read(".ssh/id_ed25519_dvm.pub") == second.access.line + "\n")
        #expect(try stage.run("ssh-keygen -yf ~/.ssh/id_ed25519_dvm | cut -d' ' -f2") == second.access.base64 + "\n")
        #expect(second.notes.count == 1 && second.notes[0].contains("id_ed25519_dvm.old-x"), "\(second.notes)")
        #expect(try stage.run("ls -A ~/.ssh | grep new || true") == "")
        let third = try stage.ssh()
        #expect(third.access == second.access && third.changes == [] && third.replaced == [])
    }

    @Test func `leave git alone where it was told to sign in another way`() throws {
        let stage = try KeyVM()
        try stage.run("git config --global gpg.format openpgp; git config --global user.signingKey ABC")
        let before = stage.read(".gitconfig")
        let keys = try stage.ssh()
        #expect(stage.read(".gitconfig") == before)
        #expect(keys.notes.count == 1 && keys.notes[0].contains("gpg.format=openpgp, user.signingKey=ABC"))
        #expect(try stage.ssh().changes == [])
    }

    @Test func `are used through a configuration that is kept elsewhere, once that says so`() throws {
        let stage = try KeyVM()
        try stage.run("mkdir -m 700 ~/.ssh ~/dot; printf '# \\xff\\n' >~/dot/config; ln -s ~/dot/config ~/.ssh/config")
        let refusal = #expect(throws: Refusal.self) { try stage.ssh() }
        #expect(refusal?.hint?.contains("make “Include ~/.ssh/dvm_config” its first line yourself") == true)
        try stage.run("sed -i '1i Include ~/.ssh/dvm_config' ~/dot/config")
        _ = try stage.ssh()
        #expect(try stage.run("readlink ~/.ssh/config") == "\(stage.vm.home)/dot/config\n")
        // One of theirs, with bytes that are no text, is the same after it.
        try stage.run("rm ~/.ssh/config; printf '# \\xff\\r\\n' >~/.ssh/config")
        _ = try stage.ssh()
        #expect(try stage.run("tail -n 1 ~/.ssh/config | od -An -tx1") == " 23 20 ff 0d 0a\n")
    }

    @Test func `are made in one directory, whatever comes in its place meanwhile`() throws {
        let stage = try KeyVM()
        _ = try stage.ssh()
        try stage.run(
            """
            mkdir -m 700 ~/trap; (while [ ! -e ~/stop ]; do
              mv ~/.ssh ~/aside && ln -s trap ~/.ssh && sleep 0.003; rm -f ~/.ssh; mv ~/aside ~/.ssh; sleep 0.003
            done) >/dev/null 2>&1 </dev/null &
            """
        )
        var made = 0
        for _ in 0..<15 where (try? stage.ssh(SSHKeyRequest(rotates: true))) != nil { made += 1 }
        try stage.run("touch ~/stop; sleep 0.3")
        #expect(made > 0)
        #expect(try stage.run("ls -A ~/trap; ls -A ~/.ssh | grep dvm-new || true") == "")
    }

    @Test func `know the servers by the fingerprints these publish`() throws {
        let stage = try KeyVM()
        _ = try stage.ssh()
        let output = try stage.run("ssh-keygen -lf ~/.ssh/dvm_known_hosts")
        #expect(
            output == """
                256 SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU github.com (ED25519)
                256 SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8 gitlab.com (ED25519)
                256 SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g codeberg.org (ED25519)
                256 SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM bitbucket.org (ED25519)

                """
        )
    }
}
