import DVMProtocol
import Foundation
import Testing

extension VMTests {
    @Suite struct `Doctor, and what the launcher will not start with` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        /// The checks that failed, and dvm's status.
        private func diagnose() throws -> (failed: [String: String], status: Int32) {
            let outcome = try vm.dvm("doctor", vm.name, "--json")
            let report = try JSONDecoder().decode(DoctorReport.self, from: Data(outcome.output))
            let failed = report.checks.filter { $0.verdict == .fail }
            #expect(failed.allSatisfy { $0.remedy != nil })
            return (Dictionary(failed.map { ($0.name, $0.found) }) { first, _ in first }, outcome.status)
        }

        @Test func `a VM as dvm makes it passes`() throws {
            let (failed, status) = try diagnose()
            #expect(failed == [:])
            #expect(status == 0)

            let text = try vm.dvm("doctor", vm.name)
            #expect(text.lines.count > 20)
            #expect(text.status == 0)
            #expect(text.text.contains(" 0 failed"), "\(text.text)")
            // Debian 12 and 13 have no Bubblewrap as new as that.
            #expect(text.lines.filter { $0.hasPrefix("!") }.allSatisfy { $0.hasPrefix("! bubblewrap version ") })

            // In the VM, by the one who has no rights there.
            let inside = try vm.dvm("ssh", vm.name, "-T", "dvm-guest", "doctor")
            #expect(inside.text.contains(" 0 failed"), "\(inside.text) \(inside.complaint)")
            #expect(inside.lines.count > 20)
            #expect(inside.status == 0)
        }

        @Test func `the attacks of the self-test are blocked, from the host and in the VM`() throws {
            let outcome = try vm.dvm("selftest", vm.name, "--json")
            let report = try JSONDecoder().decode(SelfTestReport.self, from: Data(outcome.output))
            #expect(report.rows.count > 200)
            #expect(report.rows.filter { [.open, .unknown].contains($0.verdict) }.map(\.name) == [])
            #expect(outcome.status == 0)

            // As the VM's user, over the agents' socket.
            let inside = try vm.dvm("ssh", vm.name, "-T", "dvm-guest", "selftest")
            #expect(inside.text.contains(" attacks: "), "\(inside.text)")
            #expect(inside.lines.filter { $0.hasPrefix("✗") || $0.hasPrefix("?") } == [])
            #expect(inside.status == 0)
        }

        @Test func `a setting of the kernel that was undone is seen, and set again by sync`() throws {
            try vm.altered("sysctl -qw fs.protected_fifos=0", back: "sysctl -qw fs.protected_fifos=1") {
                let text = try vm.dvm("doctor", vm.name)
                #expect(text.lines.contains { $0.hasPrefix("! fs.protected_fifos") }, "\(text.text)")
                #expect(try vm.dvm("sync", vm.name).status == 0)
                #expect(try vm.dvm("doctor", vm.name).lines.contains { $0.hasPrefix("✓ fs.protected_fifos") })
            }
        }

        /// Something that must not be, how it comes about, how it goes away, and the check that sees it.
        struct Tampering: Sendable, CustomTestStringConvertible {
            var what: String
            var script: String
            var back: String
            var check: String

            var testDescription: String { what }
        }

        private static let home = "/home/developer"
        private static let tamperings: [Tampering] = [
            .init(
                what: "a home open to others",
                script: "chmod o+rx \(home)",
                back: "chmod o-rx \(home)",
                check: "home of developer"
            ),
            .init(
                what: "a home without the entry against the agent",
                script: "setfacl -x u:dvm-agent \(home)",
                // With the mask, which setfacl would empty: the kernel would not look at the list.
                back: "setfacl -m u:dvm-agent:---,m::x \(home)",
                check: "home and agent"
            ),
            .init(
                what: "an agent in the developer's group",
                script: "gpasswd -a dvm-agent developer",
                back: "gpasswd -d dvm-agent developer",
                check: "agent account"
            ),
            .init(
                what: "an agent with a login shell",
                script: "usermod -s /bin/bash dvm-agent",
                back: "usermod -s /usr/sbin/nologin dvm-agent",
                check: "agent account"
            ),
            .init(
                what: "an agent with sudo",
                script: "echo 'dvm-agent ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/zz-test",
                back: "rm /etc/sudoers.d/zz-test",
                check: "agent's doors"
            ),
            .init(
                what: "an agent with subordinate ids",
                script: "echo dvm-agent:900000:65536 >>/etc/subuid",
                back: "sed -i /^dvm-agent:/d /etc/subuid",
                check: "agent's doors"
            ),
            .init(
                what: "an agent with a key for SSH",
                script: "mkdir /var/lib/dvm-agent/.ssh; touch /var/lib/dvm-agent/.ssh/authorized_keys",
                back: "rm -r /var/lib/dvm-agent/.ssh",
                check: "agent's doors"
            ),
            .init(
                what: "a guest program others can write",
                script: "chmod o+w /usr/local/libexec/dvm/dvm-guest",
                back: "chmod o-w /usr/local/libexec/dvm/dvm-guest",
                check: "guest program"
            ),
            .init(
                what: "an agents' socket open to others",
                script: "chmod 666 /run/dvm/agent.sock",
                back: "chmod 600 /run/dvm/agent.sock",
                check: "agents' socket"
            ),
            .init(
                what: "a door open to others",
                script: "chmod 666 /run/dvm/door.sock",
                back: "chmod 600 /run/dvm/door.sock",
                check: "host's door"
            ),
        ]

        @Test(arguments: tamperings)
        func `doctor sees what was tampered with`(tampering: Tampering) throws {
            try vm.altered(tampering.script, back: tampering.back) {
                let (failed, status) = try diagnose()
                #expect(Array(failed.keys) == [tampering.check], "\(failed)")
                #expect(status == 1)
            }
        }

        private static let most = "user.max_user_namespaces"

        /// What takes the sandbox away, and a word of the refusal.
        private static let ways: [Tampering] = [
            .init(
                what: "a setuid bwrap",
                script: "chmod u+s /usr/bin/bwrap",
                back: "chmod u-s /usr/bin/bwrap",
                check: "bubblewrap"
            ),
            .init(
                what: "a missing bwrap",
                script: "mv /usr/bin/bwrap /usr/bin/bwrap.away",
                back: "mv /usr/bin/bwrap.away /usr/bin/bwrap",
                check: "bubblewrap"
            ),
            .init(
                what: "a bwrap that is the developer's",
                script: "chown developer /usr/bin/bwrap",
                back: "chown root /usr/bin/bwrap",
                check: "bubblewrap"
            ),
            .init(
                what: "no user namespaces",
                script: "sysctl -n \(most) >/run/most; sysctl -qw \(most)=0",
                back: "sysctl -qw \(most)=$(cat /run/most)",
                check: "user namespaces"
            ),
            .init(
                what: "no user namespaces for users",
                script: "sysctl -qw kernel.unprivileged_userns_clone=0",
                back: "sysctl -qw kernel.unprivileged_userns_clone=1",
                check: "user namespaces"
            ),
        ]

        @Test(arguments: ways)
        func `nothing is started where the sandbox cannot be had`(way: Tampering) throws {
            try vm.altered(way.script, back: way.back) {
                for outcome in [try vm.agent("echo STARTED"), try vm.developer("shell -c 'echo STARTED'")] {
                    #expect(outcome.status == 1)
                    #expect(!outcome.text.contains("STARTED"))
                    #expect(outcome.complaint.contains("hint: "), "\(outcome.complaint)")
                }
                let (failed, status) = try diagnose()
                #expect(failed[way.check] != nil, "\(failed)")
                #expect(status == 1)
            }
            #expect(try vm.agent("echo STARTED").lines == ["STARTED"])
        }

        @Test func `the entry on the home keeps the agent out even where the mode lets everybody in`() throws {
            let agent = "setpriv --reuid dvm-agent --regid dvm-agent --clear-groups"
            let look = "\(agent) ls -A \(Self.home) >/dev/null 2>&1 && echo in || echo out"
            let back = "chmod o-rx \(Self.home); setfacl -m u:dvm-agent:---,m::x \(Self.home)"
            try vm.altered("chmod o+rx \(Self.home)", back: back) { () throws in
                #expect(try vm.root(look) == "out\n")
                // Without it he is in, so it is the entry that kept him out.
                try vm.root("setfacl -x u:dvm-agent \(Self.home)")
                #expect(try vm.root(look) == "in\n")
            }
        }

        @Test func `an agent in a group that leads to root is not started`() throws {
            try vm.altered("groupadd -f docker; gpasswd -a dvm-agent docker", back: "gpasswd -d dvm-agent docker") {
                let outcome = try vm.agent("echo STARTED")
                #expect(outcome.status == 1)
                #expect(!outcome.text.contains("STARTED"))
                #expect(outcome.complaint.contains("docker"))
            }
            #expect(try vm.agent("echo STARTED").lines == ["STARTED"])
        }

        @Test func `sync closes secrets to the agent by name, and tries it`() throws {
            let netrc = "\(Self.home)/.netrc"
            let agent = "setpriv --reuid dvm-agent --regid dvm-agent --clear-groups"
            // As if the home had a gap: then only the file's own list is left.
            let gap = "setfacl -x u:dvm-agent \(Self.home); chmod o+rx \(Self.home)"
            let back = "chmod o-rx \(Self.home); setfacl -m u:dvm-agent:---,m::x \(Self.home)"
            try vm.altered("echo CANARY >\(netrc); chown developer: \(netrc); chmod 644 \(netrc)", back: "rm \(netrc)")
            {
                let report = try vm.dvm("doctor", vm.name)
                #expect(report.text.contains(".netrc"))
                let read = "\(agent) cat \(netrc) 2>/dev/null || echo closed"
                try vm.altered(gap, back: back) { () throws in
                    #expect(try vm.root(read) == "CANARY\n", "the control")
                }
                #expect(try vm.dvm("sync", vm.name).status == 0)
                try vm.altered(gap, back: back) { () throws in
                    #expect(try vm.root(read) == "closed\n")
                }
                let after = try vm.dvm("doctor", vm.name)
                #expect(!after.text.contains(".netrc"))
            }
        }

        @Test func `sync puts back what keeps the agent out`() throws {
            try vm.root(
                """
                setfacl -x u:dvm-agent \(Self.home)
                rm /etc/ssh/sshd_config.d/10-dvm.conf
                systemctl stop dvm-agent.socket
                """
            )

            #expect(try vm.dvm("sync", vm.name).status == 0)
            #expect(try diagnose().failed == [:])
            #expect(try vm.root("/usr/sbin/sshd -T").contains("denyusers dvm-agent"))
        }
    }
}
