import Foundation
import Testing

extension VMTests {
    /// Few tests of many things each: every start of a VM takes as long as all the rest.
    @Suite struct `Copying and stopping a VM` {
        let machines: VirtualMachines
        let vm: TestVM
        let copy: TestVM

        init() throws {
            machines = try VirtualMachines.current
            vm = machines.shared
            copy = machines.copy
        }

        /// What a VM is known by: its machine id, its host keys, and the keys of its user; a line each.
        private func identity(of vm: TestVM) throws -> [String] {
            try vm.root(
                """
                cat /etc/machine-id /etc/ssh/ssh_host_*_key.pub | cut -d ' ' -f 1-2
                cat \(vm.userHome)/.ssh/id_ed25519_dvm*.pub | cut -d ' ' -f 2
                """
            ).split(separator: "\n").map(String.init)
        }

        @Test func `a VM in which something works goes on, and its copy is another VM`() throws {
            defer {
                _ = try? copy.dvm("rm", copy.name, "--yes", "--force", "--config")
                _ = try? vm.dvm("start", vm.name)
            }
            try vm.developer("systemd-run --user -q --collect --unit=server sleep 1000")
            let goesOn = try vm.dvm("stop", "--inactive", vm.name)
            #expect(goesOn.status == 0)
            #expect(goesOn.complaint.contains("\(vm.name) goes on: sleep"), "\(goesOn.complaint)")
            #expect(try vm.state() == "Running")
            try vm.developer("systemctl --user stop server")

            // Where a user's keys were moved to, there is one, too.
            try vm.developer("rm -rf ~/before; mkdir ~/before; cp -a ~/.ssh ~/.gitconfig ~/before/")
            let made = try vm.dvm("ssh-key", vm.name)
            try #require(made.status == 0, "\(made.complaint)")
            try vm.developer("cp ~/.ssh/id_ed25519_dvm ~/.ssh/id_ed25519_dvm.old-1; echo here >~/kept")
            let before = try identity(of: vm)
            #expect(before.count >= 4, "\(before)")

            let cloned = try vm.dvm("clone", vm.name, copy.name)
            try #require(cloned.status == 0, "\(cloned.complaint)")
            #expect(try vm.state() == "Stopped" && copy.state() == "Stopped")

            // As somebody who does not know of it would start it.
            #expect(try copy.limactl("start", "--tty=false", copy.instance).status == 0)
            let listed = try copy.dvm("ls", "--fresh")
            #expect(listed.complaint.contains("\(copy.name) is a copy that still has the identity of \(vm.name)"))
            let asked = try copy.dvm("ssh", copy.name, "--", "/bin/sh", "-c", "hostname; cat ~/kept; ls ~/.ssh")
            #expect(asked.status == 0, "\(asked.complaint)")
            #expect(asked.lines.prefix(2) == [copy.name, "here"])
            #expect(!asked.lines.contains("id_ed25519_dvm.old-1"))
            #expect(asked.complaint.contains("\(copy.name) has SSH keys of its own"), "\(asked.complaint)")

            let after = try identity(of: copy)
            #expect(after.count >= 4 && Set(after).isDisjoint(with: before), "\(after) \(before)")
            // git signs with the new key.
            let signed = try copy.developer(
                """
                cd "$(mktemp -d)" && git init -q && git config user.email a@b && git config user.name a
                git commit -q --allow-empty -m x && git verify-commit HEAD 2>&1
                """
            )
            #expect(signed.text.contains("Good \"git\" signature"), "\(signed.text) \(signed.complaint)")

            // What other tests left in the project may count as work.
            let removed = try copy.dvm("rm", copy.name, "--yes", "--force", "--config")
            #expect(removed.status == 0, "\(removed.complaint)")
            #expect(try copy.state() == nil)

            // And it is what it was.
            #expect(try vm.dvm("restart", vm.name).status == 0)
            #expect(try identity(of: vm) == before)
            try vm.developer(
                "rm -rf ~/kept ~/.ssh ~/.gitconfig; cp -a ~/before/.ssh ~/before/.gitconfig ~/; rm -rf ~/before"
            )
        }
    }
}
