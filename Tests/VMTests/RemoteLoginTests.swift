import Foundation
import Testing

extension VMTests {
    @Suite struct `Reaching a VM with ssh` {
        let vm: TestVM
        /// The configuration as `dvm ssh-config --install` leaves it in a home.
        let config: String

        init() throws {
            vm = try VirtualMachines.current.shared
            config = "\(try #require(vm.environment["HOME"]))/.ssh/config"
            let outcome = try vm.dvm("ssh-config", "--install")
            try #require(outcome.status == 0, "\(outcome.complaint)")
        }

        private func ssh(_ words: String..., options: [String] = []) throws -> RunningProgram.Outcome {
            try RunningProgram(
                ["/usr/bin/ssh", "-F", config] + options + [vm.instance] + words,
                environment: vm.environment
            ).finish()
        }

        @Test func `logs in as the developer while Lima's own connection is up`() throws {
            // Lima's connection, which is shared with whoever asks for it.
            #expect(try vm.control("whoami").text == "dvm\n")
            let socket = try #require(vm.environment["LIMA_HOME"]) + "/\(vm.instance)/ssh.sock"
            try #require(FileManager.default.fileExists(atPath: socket))

            #expect(try ssh("whoami").text == "\(vm.user)\n")
            #expect(try ssh("sudo", "-n", "true").status != 0)
            // That is what it would be with a share in it.
            let shared = try ssh("whoami", options: ["-o", "ControlPath=\(socket)"])
            #expect(shared.text == "dvm\n")
        }

        @Test func `knows the VM by its keys and by nothing else`() throws {
            let keys = try vm.root("cat /etc/ssh/ssh_host_*_key.pub").split(separator: "\n").map { line in
                "\(vm.instance) " + line.split(separator: " ").prefix(2).joined(separator: " ")
            }
            let file = "state/dvm/\(vm.name)/known_hosts"
            let path = try #require(vm.environment["XDG_STATE_HOME"]) + "/dvm/\(vm.name)/known_hosts"
            let known = try String(contentsOfFile: path, encoding: .utf8)
            #expect(Set(known.split(separator: "\n").map(String.init)) == Set(keys))

            let other = "AAAAC3NzaC1lZDI1NTE5AAAAIFk2xmbyTqzgRWd5uCdYZ7Nvkdv+h8qKv/5Bq0Xc1mRk"
            try vm.write("\(vm.instance) ssh-ed25519 \(other)\n", to: file)
            let refused = try ssh("whoami")
            try vm.write(known, to: file)
            #expect(refused.status == 255 && refused.text == "")
            #expect(refused.complaint.contains("Host key verification failed"))
        }

        @Test func `git clones and pushes through it`() throws {
            try vm.developer(
                """
                rm -rf ~/reach && git init -q --bare ~/reach && git clone -q ~/reach /tmp/reach && cd /tmp/reach
                git -c user.name=a -c user.email=a@b commit -q --allow-empty -m first && git push -q origin HEAD
                rm -rf /tmp/reach
                """
            )
            let place = "/tmp/dvm-reach-\(getpid())"
            defer { try? FileManager.default.removeItem(atPath: place) }
            var environment = vm.environment
            environment["GIT_SSH_COMMAND"] = "ssh -F \(config)"
            let clone = try RunningProgram(
                ["/usr/bin/git", "clone", "-q", "\(vm.instance):reach", place],
                environment: environment
            ).finish()

            #expect(clone.status == 0, "\(clone.complaint)")
            #expect(try vm.host("/usr/bin/git", "-C", place, "log", "--format=%s").text == "first\n")

            let script = """
                cd "$0" && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m second &&
                git push -q origin HEAD
                """
            let push = try RunningProgram(["/bin/sh", "-c", script, place], environment: environment).finish()
            #expect(push.status == 0, "\(push.complaint)")
            let pushed = try vm.developer(
                "git -C ~/reach log --format='%s %an'; find ~/reach ! -user developer; rm -rf ~/reach"
            )
            #expect(pushed.text == "second a\nfirst a\n")
        }

        @Test func `rsync copies in and out through it, as the developer`() throws {
            let place = "/tmp/dvm-rsync-\(getpid())"
            defer { try? FileManager.default.removeItem(atPath: place) }
            // The options of the copy a person would make, and what tells that a second one had nothing to do.
            let script = """
                set -e; mkdir -p "$0/tree/sub"; echo one >"$0/tree/sub/file"; ln -s sub/file "$0/tree/link"
                rsync -a -e 'ssh -F \(config)' "$0/tree" \(vm.instance):rsynced/
                rsync -a -e 'ssh -F \(config)' \(vm.instance):rsynced/tree "$0/back/"
                diff -r --no-dereference "$0/tree" "$0/back/tree"
                rsync -ai -e 'ssh -F \(config)' "$0/tree" \(vm.instance):rsynced/
                """
            let outcome = try RunningProgram(["/bin/sh", "-c", script, place], environment: vm.environment).finish()
            #expect(outcome.status == 0, "\(outcome.complaint)")
            #expect(outcome.text == "")
            let facts = try vm.developer("stat -c '%U %F' ~/rsynced/tree/sub/file ~/rsynced/tree/link; rm -r ~/rsynced")
            #expect(facts.text == "developer regular file\ndeveloper symbolic link\n")
        }

        @Test func `its keys are Lima's, root's to change, and the agent has none`() throws {
            let facts = try vm.root(
                """
                stat -c '%U %a' /etc/ssh/dvm.keys /etc/ssh/sshd_config.d/11-dvm-login.conf
                cut -d' ' -f1,2 ~dvm/.ssh/authorized_keys | diff - /etc/ssh/dvm.keys && echo same
                sshd -T -C user=dvm-agent,host=localhost,addr=127.0.0.1 | grep -c dvm.keys || true
                """
            )
            #expect(facts == "root 644\nroot 644\nsame\n0\n")
            #expect(try ssh("true", options: ["-l", "dvm-agent"]).status == 255)
        }

        @Test func `a rule that sshd does not accept is taken back`() throws {
            let rules = "/etc/ssh/sshd_config.d"
            try vm.altered(
                "mv \(rules)/11-dvm-login.conf /root/; echo Nonsense yes >\(rules)/99-test.conf",
                back: "rm -f \(rules)/99-test.conf; mv /root/11-dvm-login.conf \(rules)/"
            ) {
                let sync = try vm.dvm("sync", vm.name)
                #expect(sync.status == 1)
                #expect(sync.complaint.contains("sshd in the VM does not accept its configuration"))
                #expect(try vm.root("ls \(rules)").contains("11-dvm-login.conf") == false)
            }
            let sync = try vm.dvm("sync", vm.name)
            #expect(sync.status == 0, "\(sync.complaint)")
            #expect(try ssh("whoami").text == "\(vm.user)\n")
        }
    }
}
