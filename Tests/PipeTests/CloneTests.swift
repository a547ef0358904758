import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

extension `Setting a VM up, over pipes` {
    /// The code of a project, from a server whose `ssh` is a script.
    @Suite struct `Getting the code in` {
        private let stage: SetUpStage

        /// A repository with a branch, and an `ssh` that runs what it is asked to run.
        init() throws {
            stage = try SetUpStage()
            try stage.shell(
                """
                mkdir -p ~/server && cd ~/server
                git init -q --template= -b main work && cd work
                git config user.name A && git config user.email a@example.org
                mkdir -p src .hidden && echo code >src/file && echo x >.hidden/file && ln -s src link
                git add . && git commit -qm one && git branch other
                echo more >src/file && git commit -qam two
                git clone -q --bare --template= . ../origin.git
                """,
                as: .user
            )
            try answer(#"for last; do :; done; echo "$@" >>/home/developer/server/asked; exec /bin/sh -c "$last""#)
        }

        /// Has `ssh` do something else.
        private func answer(_ script: String, over client: GuestClient? = nil) throws {
            try stage.shell(
                """
                mkdir -p /var/lib/fake && cat >/var/lib/fake/ssh <<'SSH'
                #!/bin/sh
                \(script)
                SSH
                chmod 755 /var/lib/fake/ssh
                mountpoint -q /usr/bin/ssh || mount --bind /var/lib/fake/ssh /usr/bin/ssh
                """,
                over: client
            )
        }

        private var repository: Repository { Repository(address: "git@example.org:/home/developer/server/origin.git") }

        private func clone(_ repository: Repository? = nil) throws -> CloneOutcome {
            try stage.result(of: stage.run(.clone(repository ?? self.repository)), as: CloneOutcome.self)
        }

        private func look() throws -> String {
            try stage.shell(
                "cd \(stage.vm.project) && ls -A && git status --short --branch && cat src/file && git remote get-url origin",
                as: .user
            )
        }

        private var whole: String {
            ".git\n.hidden\nlink\nsrc\n## main...origin/main\nmore\n\(repository.address)\n"
        }

        @Test func `clones once, as the user, and leaves what is there alone`() throws {
            let project = stage.vm.project
            #expect(try clone() == CloneOutcome(state: .cloned, codeDirectory: project))
            #expect(try look() == whole)
            #expect(
                try stage.shell("find \(project) ! -user developer; ls \(project)/.git/hooks 2>/dev/null || echo none")
                    == "none\n"
            )
            try stage.shell("echo mine >\(project)/src/file", as: .user)
            #expect(try clone() == CloneOutcome(state: .present, codeDirectory: project))
            #expect(try stage.shell("cat \(project)/src/file") == "mine\n")
        }

        @Test func `asks the server as nobody who could be asked back`() throws {
            _ = try clone()
            let asked = try stage.shell("cat /home/developer/server/asked", as: .user)
            for option in [
                "-o BatchMode=yes", "-o StrictHostKeyChecking=accept-new", "-o ForwardAgent=no",
                "-o IdentityFile=~/.ssh/id_ed25519_dvm",
            ] {
                #expect(asked.contains(option))
            }
        }

        @Test func `believes no other host key of a server whose keys are known`() throws {
            _ = try clone(Repository(address: "git@codeberg.org:/home/developer/server/origin.git"))
            let asked = try stage.shell("cat /home/developer/server/asked", as: .user)
            #expect(asked.contains("-o StrictHostKeyChecking=yes"))
            #expect(asked.contains("-o UserKnownHostsFile=~/.ssh/known_hosts ~/.ssh/dvm_known_hosts"))
            #expect(try stage.shell("grep -c '^codeberg.org ssh-ed25519 ' ~/.ssh/dvm_known_hosts", as: .user) == "1\n")
        }

        @Test func `sets up no signing, and needs no key over HTTPS`() throws {
            _ = try clone()
            let settings = try stage.shell("cat ~/.gitconfig ~/.config/git/config 2>/dev/null || true", as: .user)
            #expect(!settings.lowercased().contains("sign"))
            let other = try SetUpStage()
            let https = Repository(address: "https://127.0.0.1:1/a.git")
            #expect(try other.refusal(of: other.run(.clone(https))).message.contains("cannot be reached"))
            #expect(try other.shell("ls -d ~/.ssh 2>/dev/null || echo none", as: .user) == "none\n")
        }

        @Test func `is refused where the user's keys cannot be, with the remedy`() throws {
            try stage.shell("mkdir ~/elsewhere; ln -s elsewhere ~/.ssh", as: .user)
            let refusal = try stage.refusal(of: stage.run(.clone(repository)))
            #expect(refusal.message.hasPrefix("~/.ssh in the VM is no directory"))
            #expect(try stage.shell("ls -A ~/elsewhere", as: .user) == "")
        }

        @Test func `checks out the branch that was asked for`() throws {
            _ = try clone(Repository(address: repository.address, branch: "other"))
            #expect(try look().contains("## other...origin/other\ncode\n"))
            let second = try SetUpStage()
            #expect(try second.shell("ls -A \(second.vm.project)") == "")
        }

        @Test func `leaves a directory alone that has something else`() throws {
            try stage.shell("echo mine >\(stage.vm.project)/notes", as: .user)
            #expect(try clone().state == .occupied)
            #expect(try stage.shell("ls -A \(stage.vm.project)") == "notes\n")
        }

        @Test func `runs no hook and no template, whatever git was told`() throws {
            try stage.shell(
                """
                mkdir -p ~/hooks ~/template/hooks
                for hook in ~/hooks/post-checkout ~/template/hooks/post-checkout; do
                    printf '#!/bin/sh\\ntouch ~/ran\\n' >$hook; chmod +x $hook
                done
                git config --global core.hooksPath ~/hooks
                git config --global init.templateDir ~/template
                """,
                as: .user
            )
            // They would run.
            #expect(
                try stage.shell("git clone -q ~/server/origin.git ~/control; rm ~/ran; echo ran", as: .user) == "ran\n"
            )
            _ = try clone()
            #expect(try stage.shell("ls ~/ran 2>&1 || true", as: .user).contains("No such file"))
        }

        @Test func `goes on where it was cut off`() throws {
            let project = stage.vm.project
            // While it was cloned: what there is of it counts for nothing.
            try stage.shell("mkdir -p \(project)/.dvm-clone/.git; echo half >\(project)/.dvm-clone/x", as: .user)
            #expect(try clone().state == .cloned)
            #expect(try look() == whole)
            // While it was put in its place: some of it has been moved.
            try stage.shell(
                "cd \(project); mkdir .dvm-cloned; mv .git src .dvm-cloned; echo ok",
                as: .user
            )
            #expect(try clone().state == .cloned)
            #expect(try look() == whole)
        }

        @Test func `says which key to register when the server refuses, and goes on when it is`() throws {
            try answer("echo \"$2: Permission denied (publickey).\" >&2; exit 255")
            let refusal = try stage.refusal(of: stage.run(.clone(repository)))
            #expect(refusal.message == "the server of \(repository.address) knows no key of this VM")
            // The one that `dvm ssh-key` shows.
            let key = try stage.shell("cat ~/.ssh/id_ed25519_dvm.pub", as: .user)
            #expect(key.hasPrefix("ssh-ed25519 ") && key.contains("-dvm-git-access\n"))
            #expect(refusal.hint.map { $0 + "\n" }?.hasSuffix("`dvm ssh-key app` shows it again: \(key)") == true)
            #expect(try stage.shell("ls -A \(stage.vm.project)") == "")
            let again = try stage.refusal(of: stage.run(.clone(repository)))
            #expect(again == refusal)
            let shown = try stage.result(of: stage.run(.sshKeys(SSHKeyRequest())), as: SSHKeys.self)
            #expect(shown.access.line + "\n" == key)
            #expect(shown.hosts.contains("example.org"), "it is used for pushing, too")

            try answer(#"for last; do :; done; exec /bin/sh -c "$last""#)
            #expect(try clone().state == .cloned)
        }

        @Test func `leaves a directory alone that has more in it than anybody lists`() throws {
            // Names of 250 bytes, more than 1 MiB of them.
            try stage.shell("cd \(stage.vm.project); seq -f %0250.0f 5000 | xargs touch", as: .user)
            #expect(try clone().state == .occupied)
            try stage.shell("cd \(stage.vm.project); mkdir .git", as: .user)
            #expect(try clone().state == .present)
        }

        @Test func `ends with the link, and has not begun the next time`() throws {
            let mark = ProcessMark()
            // A host of its own, whose guest program has mounts of its own.
            let client = try GuestClient(stage.vm)
            try answer(
                """
                [ -e ~/once ] && { trap '' TERM; sleep \(mark.seconds); }
                touch ~/once; for last; do :; done; exec /bin/sh -c "$last"
                """,
                over: client
            )
            let channel = try client.open(.task(.clone(repository)))
            _ = try client.follow(channel) { $0.text.contains("Cloning into") || $0.ending != nil }
            while try !mark.isRunning() { usleep(10_000) }
            client.leave()
            let start = ContinuousClock.now
            while try mark.isRunning(), start.duration(to: .now) < .seconds(20) { usleep(10_000) }
            #expect(start.duration(to: .now) < .seconds(4))
            try stage.shell("rm /home/developer/once")
            try answer(#"for last; do :; done; exec /bin/sh -c "$last""#)
            #expect(try clone().state == .cloned)
            #expect(try look() == whole)
        }
    }
}
