import Testing

extension VMTests {
    @Suite struct `A VM after sync` {
        let machines: VirtualMachines
        let vm: TestVM

        init() throws {
            machines = try VirtualMachines.current
            vm = machines.shared
        }

        @Test func `the first sync says that the VM is ready, and what it made`() {
            #expect(machines.firstSync.complaint.contains("✓ \(vm.name) is ready"))
            #expect(machines.firstSync.complaint.contains(vm.project))
            #expect(vm.log("sync").contains("changed: user \(vm.user)"))
        }

        @Test func `a second sync changes nothing`() throws {
            let before = vm.log("sync")
            let outcome = try vm.dvm("sync", vm.name)
            let news = vm.log("sync").dropFirst(before.count)

            #expect(outcome.status == 0, "\(outcome.complaint)")
            #expect(news.contains("# user \(vm.user)"))
            #expect(!news.contains("changed:"), "\(news)")
        }

        @Test func `the VM knows its name`() throws {
            #expect(try vm.developer("hostname; cat /etc/hostname").lines == [vm.name, vm.name])
        }

        @Test func `the developer is an ordinary account, and the control account is not`() throws {
            #expect(try Int(vm.developer("id -u").lines[0]).map { $0 >= 1000 } == true)
            #expect(try vm.developer("sudo -n true").status != 0)
            #expect(try vm.control("sudo", "-n", "true").status == 0)
        }

        @Test func `the developer's services run without a login`() throws {
            let outcome = try vm.developer(
                #"""
                mkdir -p ~/.config/systemd/user
                printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c "id -un >%%t/greeting"\n' \
                    >~/.config/systemd/user/greeting.service
                systemctl --user daemon-reload && systemctl --user start greeting
                echo "$XDG_RUNTIME_DIR"; systemctl --user is-active greeting; cat "$XDG_RUNTIME_DIR/greeting"
                """#
            )

            let uid = try vm.developer("id -u").lines[0]
            #expect(outcome.lines == ["/run/user/\(uid)", "active", vm.user], "\(outcome.complaint)")
        }

        @Test func `the developer's home is closed, and to the agent by name`() throws {
            let facts = try vm.root("stat -c '%a %U' \(vm.userHome); getfacl -cp \(vm.userHome)")

            // The group's bits are the list's mask, which is not empty: else the kernel would not look at the list.
            #expect(facts.hasPrefix("710 \(vm.user)\n"))
            #expect(facts.contains("user:dvm-agent:---") && facts.contains("group::---"))
        }

        @Test func `the project has a short name outside the sandbox too`() throws {
            #expect(try vm.developer("pwd; readlink /workspace").lines == [vm.project, vm.project])
        }

        @Test func `there is a wrapper for every tool, root's`() throws {
            let facts = try vm.root("cd /usr/local/bin && stat -c '%n %a %U' claude codex shell dvm-guest")

            #expect(facts == "claude 755 root\ncodex 755 root\nshell 755 root\ndvm-guest 755 root\n")
        }

        @Test func `the agents' socket waits, for the developer only`() throws {
            let facts = try vm.root(
                "systemctl is-active dvm-agent.socket; systemctl is-enabled dvm-agent.socket; stat -c '%a %U' /run/dvm/agent.sock"
            )

            #expect(facts == "active\nenabled\n600 \(vm.user)\n")
        }

        @Test func `the host's door waits, for its own account only`() throws {
            let facts = try vm.root(
                "systemctl is-active dvm-door.socket; systemctl is-enabled dvm-door.socket; stat -c '%a %U' /run/dvm/door.sock"
            )

            #expect(facts == "active\nenabled\n600 dvm\n")
        }

        @Test func `sshd lets the agent in with no key`() throws {
            let settings = try vm.root("/usr/sbin/sshd -T")

            #expect(settings.split(separator: "\n").contains("denyusers dvm-agent"))
        }

        /// One test, for the start takes as long as all the rest.
        ///
        /// Other tests end every login in the VM, Lima's own connection and the forwarded ports in it among them: a start
        /// makes both anew.
        @Test func `a stopped VM is started by the next command, which says so, and its declared port leads into it`()
            throws
        {
            let port = try #require(vm.port)
            try #require(vm.dvm("stop", vm.name).status == 0)
            #expect(try vm.state() == "Stopped")
            let started = try vm.dvm("ssh", vm.name, "--", "hostname", within: .seconds(1200))
            #expect(started.lines == [vm.name])
            #expect(started.complaint.contains("starting \(vm.name)"), "\(started.complaint)")
            #expect(try vm.agent("id -un").lines == ["dvm-agent"])

            let other = try freePort()
            try vm.root(
                """
                cat >/tmp/greeter <<'END'
                import socketserver, sys
                class Greeter(socketserver.BaseRequestHandler):
                    def handle(self): self.request.sendall(b"from the VM")
                socketserver.TCPServer(("", int(sys.argv[1])), Greeter).serve_forever()
                END
                for port in \(port.guest) \(other); do
                    systemd-run -q --collect --unit=greeter-$port python3 /tmp/greeter $port
                done
                for i in $(seq 100); do
                    (exec 3<>/dev/tcp/127.0.0.1/\(port.guest) 4<>/dev/tcp/127.0.0.1/\(other)) 2>/dev/null && break
                    sleep 0.1
                done
                """
            )
            defer { _ = try? vm.root("systemctl stop greeter-\(port.guest) greeter-\(other)") }

            let listeners = try vm.root("ss -ltnp; systemctl status 'greeter-*' 2>&1 | head -30; true")
            func greeting(_ port: UInt16) throws -> String {
                try vm.host("/bin/bash", "-c", "exec 2>&1 </dev/tcp/127.0.0.1/\(port) && timeout 20 cat").text
            }
            let greeted = try greeting(port.host)
            #expect(greeted == "from the VM", "\(listeners)")
            #expect(try !greeting(other).contains("from the VM"))
            // It does listen, where the first one does: in the VM.
            #expect(try vm.developer("cat </dev/tcp/127.0.0.1/\(other)").text == "from the VM")
        }
    }
}
