import Foundation
import Testing

extension VMTests {
    /// What a VM may lack while it is set up; each test gives it back.
    @Suite(.writesConfiguration) struct `A sync that finds no room or no network` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        // MARK: What cannot be closed

        /// It is on a file system that has no access lists.
        @Test func `a place that cannot be closed to agents fails the sync, and doctor as long as it is open`() throws {
            try vm.configure("DVM_AI_DENY=/proc/version\n")
            let outcome = try vm.sync()
            #expect(outcome.status == 1)
            #expect(outcome.text.contains("the file system of /proc/version has no access lists"), "\(outcome.told)")
            let report = try vm.dvm("doctor", vm.name)
            #expect(report.status == 1)
            #expect(report.text.contains("open to the agent's account: /proc/version"), "\(report.text)")

            try vm.configure()
            #expect(try vm.sync().status == 0)
            #expect(try !vm.dvm("doctor", vm.name).text.contains("/proc/version"))
        }

        // MARK: No room

        private static let filling = "/var/tmp/filling"

        /// Does something while the VM's disk has only so much room left, in KiB, which nobody but root has either.
        private func crowded(leaving room: Int, _ body: () throws -> Void) throws {
            let free = "$(df -k --output=avail / | tail -n 1)"
            try vm.altered(
                """
                fallocate -l $((\(free) - \(room)))K \(Self.filling) || true
                if [ \(room) = 0 ]; then cat /dev/zero >>\(Self.filling) 2>/dev/null || true; fi
                sync
                """,
                back: "rm -f \(Self.filling)",
                body
            )
        }

        @Test func `a recipe that fills the disk says so, and runs again when there is room`() throws {
            try vm.recipe("large", "head -c 100M /dev/zero >/var/tmp/large; rm /var/tmp/large; touch /var/tmp/done")
            try vm.configure("use large\n")
            defer { _ = try? vm.root("rm -f /var/tmp/large /var/tmp/done") }
            try crowded(leaving: 20_000) {
                let outcome = try vm.sync()
                #expect(outcome.status == 1)
                #expect(outcome.text.contains("“large” failed with status 1"), "\(outcome.told)")
                #expect(outcome.text.contains("No space left on device"), "\(outcome.told)")
                #expect(outcome.hint.contains("the next `dvm sync` runs it again"), "\(outcome.hint)")
            }
            #expect(try vm.sync().ran == ["large"])
            #expect(try vm.root("ls /var/tmp/done") == "/var/tmp/done\n")
        }

        @Test func `on a full disk nothing is begun that could not be noted, and it is said what to do`() throws {
            try vm.recipe("small", "touch /run/small-ran")
            try vm.configure("use small\n")
            try crowded(leaving: 0) {
                let outcome = try vm.sync()
                #expect(outcome.status == 1)
                #expect(
                    outcome.text.contains("“small” was not started, because that could not be noted"),
                    "\(outcome.told)"
                )
                #expect(outcome.text.contains("No space left on device"), "\(outcome.told)")
                #expect(outcome.hint.contains("make room on the VM's disk"), "\(outcome.hint)")
                #expect(try vm.root("ls /run/small-ran 2>/dev/null || echo none") == "none\n")
                // What there is to be done about it can be done.
                let inside = try vm.developer("df -k --output=avail / | tail -n 1")
                #expect(inside.text.trimmingCharacters(in: .whitespacesAndNewlines) == "0", "\(inside.complaint)")
            }
            #expect(try vm.sync().ran == ["small"])
            #expect(try vm.sync().ran == [])
        }

        @Test func `a guest program that finds no room leaves none half, and comes with the next sync`() throws {
            let place = "/usr/local/libexec/dvm"
            let whole = try vm.root("sha256sum <\(place)/dvm-guest")
            try vm.root("rm \(place)/dvm-guest")
            try crowded(leaving: 2000) {
                let outcome = try vm.sync()
                #expect(outcome.status == 1)
                #expect(outcome.text.contains("the guest program could not be put into the VM"), "\(outcome.told)")
                #expect(outcome.hint.contains("is the VM's disk full?"), "\(outcome.hint)")
                #expect(try vm.root("ls -A \(place) | grep dvm-guest || echo none") == "none\n")
            }
            #expect(try vm.sync().status == 0)
            #expect(try vm.root("sha256sum <\(place)/dvm-guest") == whole)
        }

        // MARK: No network

        /// Does something while the VM reaches nothing but this computer.
        private func offline(_ body: () throws -> Void) throws {
            try vm.altered(
                "ip route show default >/run/route; ip route del default",
                back: "ip route add $(cat /run/route) || ip route show default | grep -q .",
                body
            )
        }

        @Test func `packages of a recipe that cannot be had are named, with apt's own words`() throws {
            try vm.recipe("packages", "dvm_packages tree")
            try vm.configure("use packages\n")
            defer { _ = try? vm.root("dpkg --purge tree") }
            try offline {
                let outcome = try vm.sync()
                #expect(outcome.status == 1)
                #expect(outcome.text.contains("“packages” failed with status 78"), "\(outcome.told)")
                #expect(outcome.text.contains("tree could not be installed"), "\(outcome.told)")
                #expect(outcome.text.contains("Network is unreachable"), "\(outcome.told)")
                #expect(outcome.hint.contains("the next `dvm sync` runs it again"), "\(outcome.hint)")
            }
            #expect(try vm.sync().ran == ["packages"])
            #expect(try vm.root("command -v tree") == "/usr/bin/tree\n")
        }

        @Test func `packages of dvm's own that cannot be had keep the sync from going on`() throws {
            try vm.root("dpkg --purge --force-depends bubblewrap 2>&1")
            try offline {
                let outcome = try vm.sync()
                #expect(outcome.status == 1)
                #expect(
                    outcome.text.contains("” failed in the VM with status 100"),
                    "\(outcome.told)"
                )
                #expect(outcome.text.contains("Network is unreachable"), "\(outcome.told)")
                #expect(outcome.hint.contains("network"), "\(outcome.hint)")
                // Without the sandbox nothing is started in its place.
                #expect(try vm.agent("true").status != 0)
            }
            #expect(try vm.sync().status == 0)
            #expect(try vm.agent("id -un").lines == ["dvm-agent"])
        }
    }
}
