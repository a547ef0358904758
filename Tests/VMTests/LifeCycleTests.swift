import Foundation
import Testing

extension VMTests {
    /// Few tests of many things each: every start of a VM takes as long as all the rest.
    @Suite(.writesConfiguration) struct `Copying and stopping a VM` {
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

        /// Sets up a service that is signed in as its VM, and notes in a file each time it runs.
        private func setUpMember() throws {
            try vm.recipe(
                "member",
                """
                [ -s /var/lib/member/key ] || { mkdir -p /var/lib/member && echo "$DVM_NAME" >/var/lib/member/key; }
                dvm_unit member.service <<'UNIT'
                [Service]
                PrivateDevices=yes
                ExecStart=/bin/sh -c 'cat /var/lib/member/key >>/var/lib/member-ran; exec sleep infinity'
                [Install]
                WantedBy=multi-user.target
                UNIT
                dvm_own_service member.service /var/lib/member
                dvm_service member.service
                """
            )
            try vm.configure("use member\n")
            let outcome = try vm.sync()
            #expect(outcome.ran == ["member"], "\(outcome.told)")
        }

        /// Whether it is enabled and runs, whom it is signed in as, and as whom it has run.
        private func member(of vm: TestVM) throws -> String {
            try vm.root(
                """
                systemctl is-enabled member || true; systemctl is-active member || true
                cat /var/lib/member/key 2>/dev/null || echo none; sort -u /var/lib/member-ran
                """
            ).split(separator: "\n").joined(separator: " ")
        }

        @Test func `a VM in which something works goes on, and its copy is another VM`() throws {
            defer {
                _ = try? copy.dvm("rm", copy.name, "--yes", "--force", "--config")
                _ = try? vm.dvm("start", vm.name)
                _ = try? vm.root(
                    """
                    systemctl disable -q --now member
                    rm -rf /etc/systemd/system/member.service* /var/lib/member* /var/lib/dvm/own/member.service
                    systemctl daemon-reload
                    """
                )
            }
            try setUpMember()
            #expect(try member(of: vm) == "enabled active \(vm.name) \(vm.name)")
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
            // It has all it needs, and has not started.
            try copy.root("rm /var/lib/member-ran; systemctl start member || true; touch /var/lib/member-ran")
            #expect(try member(of: copy) == "enabled inactive \(vm.name)")
            #expect(try copy.root("journalctl -b -q --no-pager -u member").contains("signed in as \(vm.instance)"))
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

            // What was the other's is gone, and a sync signs it in anew.
            #expect(asked.complaint.contains("“member” was signed in as \(vm.name)"), "\(asked.complaint)")
            #expect(try member(of: copy) == "disabled inactive none")
            let synced = try copy.sync("--only", "member")
            #expect(synced.ran == ["member"], "\(synced.told)")
            #expect(try member(of: copy) == "enabled active \(copy.name) \(copy.name)")

            try reset(copy, identity: after)

            // What other tests left in the project may count as work.
            let removed = try copy.dvm("rm", copy.name, "--yes", "--force", "--config")
            #expect(removed.status == 0, "\(removed.complaint)")
            #expect(try copy.state() == nil)

            // And it is what it was.
            #expect(try vm.dvm("restart", vm.name).status == 0)
            try vm.root("timeout 60 sh -c 'until systemctl is-active -q member; do sleep 1; done' || true")
            #expect(try member(of: vm) == "enabled active \(vm.name) \(vm.name)")
            #expect(try identity(of: vm) == before)
            try vm.developer(
                "rm -rf ~/kept ~/.ssh ~/.gitconfig; cp -a ~/before/.ssh ~/before/.gitconfig ~/; rm -rf ~/before"
            )
        }

        /// Makes a VM anew from its configuration, and looks whether it is another one.
        private func reset(_ vm: TestVM, identity before: [String]) throws {
            try vm.configure("DVM_NO_BASELINE=1\nDVM_CODE_DIR='~/code/new'\n")
            try vm.developer("mkdir -p ~/code/\(machines.shared.name) && echo x >~/code/\(machines.shared.name)/notes")
            let refused = try vm.dvm("reset", vm.name, "--yes")
            #expect(refused.status == 1)
            #expect(refused.complaint.contains("notes"), "\(refused.complaint)")
            #expect(try vm.developer("cat ~/kept").text == "here\n")

            let reset = try vm.dvm("reset", vm.name, "--yes", "--force", within: .seconds(1200))
            try #require(reset.status == 0, "\(reset.complaint)")
            #expect(reset.complaint.contains("lost with \(vm.name)"), "\(reset.complaint)")
            #expect(
                try vm.developer("hostname; ls -A ~/code; [ -e ~/kept ] || echo gone").lines == [
                    vm.name, "new", "gone",
                ]
            )
            let after = try vm.root("cat /etc/machine-id /etc/ssh/ssh_host_*_key.pub | cut -d ' ' -f 1-2")
                .split(separator: "\n").map(String.init)
            #expect(after.count >= 2 && Set(after).isDisjoint(with: before), "\(after) \(before)")
            #expect(try vm.root("cat /var/lib/dvm/identity") == "\(vm.name)\n")
        }
    }
}
