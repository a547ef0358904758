import Foundation
import TestSupport
import Testing

extension VMTests {
    /// One test of many things: every start of a VM takes as long as all the rest.
    @Suite struct `A VM whose configuration changes` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.spare }

        /// What a VM is in its own eyes.
        private struct Size {
            var processors = 0
            /// KiB that its kernel has.
            var memory = 0
            /// Bytes of the root file system.
            var files = 0

            init(of vm: TestVM) throws {
                let numbers = try vm.root(
                    "nproc; awk '$1 == \"MemTotal:\" { print $2 }' /proc/meminfo; df -B1 --output=size / | tail -n 1"
                ).split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
                try #require(numbers.count == 3)
                (processors, memory, files) = (numbers[0], numbers[1], numbers[2])
            }
        }

        /// What the server in the VM says at a port of this computer.
        private func answer(at port: UInt16) throws -> String {
            try vm.host("/bin/bash", "-c", "exec 2>&1 </dev/tcp/127.0.0.1/\(port) && timeout 20 cat").text
        }

        /// A server on the VM's port 8099, at every start of it.
        private func serve() throws {
            try vm.root(
                """
                cat >/usr/local/bin/greeter <<'END'
                import socketserver
                class Greeter(socketserver.BaseRequestHandler):
                    def handle(self): self.request.sendall(b"from the VM")
                socketserver.TCPServer(("", 8099), Greeter).serve_forever()
                END
                cat >/etc/systemd/system/greeter.service <<'END'
                [Service]
                ExecStart=/usr/bin/python3 /usr/local/bin/greeter
                [Install]
                WantedBy=multi-user.target
                END
                systemctl enable -q --now greeter
                """
            )
        }

        @Test func `gets CPUs, memory, disk and ports by one sync, which says before that it restarts it`() throws {
            defer { _ = try? vm.dvm("rm", vm.name, "--yes", "--force") }
            try vm.configure()
            let made = try vm.dvm("sync", vm.name, within: .seconds(1200))
            try #require(made.status == 0, "\(made.complaint)")
            try serve()
            try vm.developer("echo here >~/kept")
            let before = try Size(of: vm)

            // A port that somebody has is told while the VM still runs, and leaves it running.
            let port = try freePort()
            let other = try RunningProgram(
                ["python3", "-m", "http.server", "\(port)", "--bind", "127.0.0.1"],
                environment: vm.environment
            )
            for _ in 0..<200 where try vm.host("/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)").status != 0 {
                usleep(50_000)
            }
            try vm.configure("DVM_CPUS=3\nDVM_MEMORY=2560MiB\nDVM_DISK=21GiB\nDVM_PORTS=\(port):8099")
            let refused = try vm.dvm("sync", vm.name)
            #expect(refused.status == 1)
            #expect(refused.complaint.contains("port \(port) of 127.0.0.1 is in use"), "\(refused.complaint)")
            #expect(try vm.state() == "Running")
            other.signal(SIGKILL)
            _ = try other.finish()

            let changed = try vm.dvm("sync", vm.name, within: .seconds(1200))
            try #require(changed.status == 0, "\(changed.complaint)")
            let said =
                "\(vm.name) restarts, its configuration has changed: CPUs 2 → 3, memory 2GiB → 2560MiB, "
                + "disk 20GiB → 21GiB, ports none → \(port):8099"
            let told = try #require(changed.complaint.range(of: said), "\(changed.complaint)")
            let stopped = try #require(changed.complaint.range(of: "stopping \(vm.name)"), "\(changed.complaint)")
            #expect(told.upperBound <= stopped.lowerBound)

            let after = try Size(of: vm)
            #expect((before.processors, after.processors) == (2, 3))
            // Some of it is the kernel's own.
            #expect((400_000...600_000).contains(after.memory - before.memory), "\(before) \(after)")
            #expect((950 << 20...1 << 30).contains(after.files - before.files), "\(before) \(after)")
            #expect(try vm.developer("cat ~/kept").text == "here\n")
            #expect(try answer(at: port) == "from the VM")

            // It is what it should be, and a disk does not shrink.
            let again = try vm.sync()
            #expect(again.status == 0 && again.text.contains("nothing had to be done"), "\(again.told)")
            try vm.configure("DVM_CPUS=3\nDVM_MEMORY=2560MiB\nDVM_PORTS=\(port):8099")
            let shrinking = try vm.sync()
            #expect(shrinking.status == 1)
            #expect(shrinking.text.contains("has 21GiB and cannot shrink to 20GiB"), "\(shrinking.told)")
            #expect(try vm.state() == "Running")
            try vm.configure()
        }
    }
}
