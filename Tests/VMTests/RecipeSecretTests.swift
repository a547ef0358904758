import Foundation
import TestSupport
import Testing

extension VMTests {
    @Suite(.writesConfiguration) struct `A recipe's secret in a VM` {
        let vm: TestVM
        private let canary = "canary-\(UUID().uuidString)"

        init() throws { vm = try VirtualMachines.current.shared }

        // MARK: Where a secret could be

        /// What the programs that search are told to look for, in memory: it must not be found where it is kept for them.
        private let pattern = "/dev/shm/dvm-canary"

        /// The places in the VM that hold it: processes by what shows it, the journal, and files.
        private func foundInside() throws -> Set<String> {
            let script = """
                grep -laFf \(pattern) /proc/[0-9]*/cmdline 2>/dev/null | sed 's/.*/arguments/'
                grep -laFf \(pattern) /proc/[0-9]*/environ 2>/dev/null | sed 's/.*/environment/'
                journalctl -q --no-pager --all -o export | grep -qaFf \(pattern) && echo journal
                seed=$(findmnt -nro TARGET -S LABEL=cidata | head -n 1)
                grep -rlaFf \(pattern) -D skip --exclude='*.journal' \\
                    /etc /home /root /run /tmp /var/cache/dvm /var/lib/cloud /var/lib/dvm /var/log /var/tmp $seed 2>/dev/null || true
                """
            return Set(try vm.root(script).split(separator: "\n").map(String.init))
        }

        /// The files of dvm's and Lima's on this computer that hold it: logs, notes, what a VM is told when it starts, disks.
        private func foundOutside() throws -> Set<String> {
            let top = (vm.places.configuration as NSString).deletingLastPathComponent
            try vm.write(canary, to: "pattern")
            // What was written in the VM must be on its disk.
            try vm.root("sync")
            let outcome = try RunningProgram(
                ["/usr/bin/grep", "-rlaF", "-D", "skip", "-f", "\(top)/pattern"]
                    + ["home", "config", "state", "lima"].map { "\(top)/\($0)" },
                environment: vm.environment
            ).finish(within: .seconds(600))
            #expect(outcome.status < 2, "\(outcome.complaint)")
            return Set(outcome.lines.map { String($0.dropFirst(top.count + 1)) })
        }

        @Test func `is a file of root's in memory while its recipe runs, and nowhere else, then or later`() throws {
            try vm.place(Array(canary.utf8), at: pattern, mode: "0600")
            defer { _ = try? vm.root("rm -f \(pattern) /run/canary-seen") }
            try vm.recipe(
                "holder",
                """
                file=$(dvm_secret_file CANARY_TOKEN)
                sha256sum <"$file"; stat -c '%U %a' "$file"; stat -f -c %T "$file"
                echo holding
                for _ in $(seq 1000); do if [ -e /run/canary-seen ]; then exit 0; fi; sleep 0.2; done
                exit 1
                """,
                "secrets: CANARY_TOKEN"
            )
            try vm.configure("use holder\n")

            let sync = try vm.start(["sync", "--verbose", vm.name], environment: ["CANARY_TOKEN": canary])
            _ = try sync.writes { $0.complaint.contains("holding") }
            // Who handed it over has it; of what that started, nobody.
            #expect(HostProcesses.naming(canary, in: "environ") == [sync.pid])
            #expect(HostProcesses.naming(canary, in: "cmdline") == [])
            #expect(try foundInside() == ["/run/dvm/secrets/holder/CANARY_TOKEN"])

            try vm.root("touch /run/canary-seen")
            let outcome = try sync.finish()
            #expect(outcome.status == 0, "\(outcome.complaint)")
            #expect(!(outcome.text + outcome.complaint).contains(canary))
            let digest = try vm.root("sha256sum <\(pattern)")
            #expect(vm.log("holder") == "\(digest)root 600\ntmpfs\nholding\n")
            #expect(try foundInside() == [])
            #expect(try foundOutside() == [])
            #expect(try vm.root("ls /run/dvm/secrets") == "")
        }

        /// The search itself, on a canary that is put wherever one could be.
        @Test func `would be found where the search looks`() throws {
            try vm.place(Array(canary.utf8), at: pattern, mode: "0600")
            let files = ["/var/lib/dvm/plant", "/run/dvm/plant", "/var/log/plant", "/etc/plant", "/root/plant"]
            try vm.root(
                """
                for file in \(files.joined(separator: " ")); do echo x \(canary) x >$file; done
                (setsid bash -c 'exec -a "$0" sleep 1000' \(canary) >/dev/null 2>&1 & echo $! >/run/plants)
                (CANARY=\(canary) setsid sleep 1000 >/dev/null 2>&1 & echo $! >>/run/plants)
                echo planted \(canary) | systemd-cat
                for i in $(seq 50); do journalctl -q -n 20 | grep -qFf \(pattern) && break; sleep 0.1; done
                """
            )
            let leftovers = "\(pattern) /run/plants \(files.joined(separator: " "))"
            defer { _ = try? vm.root("kill $(cat /run/plants); rm -f \(leftovers)") }
            #expect(try foundInside() == Set(files).union(["arguments", "environment", "journal"]))

            let planted = ["state/dvm/\(vm.name)/plant.log", "lima/\(vm.instance)/plant", "config/plant"]
            for file in planted { try vm.write("x \(canary) x", to: file) }
            defer { for file in planted { try? vm.write(nil, to: file) } }
            let found = try foundOutside()
            #expect(Set(planted).isSubset(of: found))
            // The disk, which has the files in the VM.
            let others = found.subtracting(planted)
            #expect(others.count == 1 && others.allSatisfy { $0.hasPrefix("lima/\(vm.instance)/") }, "\(others)")
            let argument = try RunningProgram(["/bin/sh", "-c", "read line; true", canary], environment: [:])
            // It has these arguments from the moment it becomes the program.
            var named: [pid_t] = []
            for _ in 0..<200 where named != [argument.pid] {
                usleep(50_000)
                named = HostProcesses.naming(canary, in: "cmdline")
            }
            #expect(named == [argument.pid])
        }

        @Test func `that is missing is asked for before anything runs, and need not be there again`() throws {
            try vm.recipe("before", "touch /run/before-ran")
            try vm.recipe("tunnel", "dvm_has_secret CANARY_TOKEN && echo had it", "secrets: CANARY_TOKEN")
            try vm.configure("use before tunnel\n")
            let refused = try vm.sync()
            #expect(refused.status == 1)
            #expect(refused.text == "tunnel needs the secret CANARY_TOKEN, which is not there", "\(refused.told)")
            #expect(try vm.root("ls /run/before-ran 2>&1 || true").contains("No such file"))

            #expect(try vm.sync(environment: ["CANARY_TOKEN": canary]).ran == ["before", "tunnel"])
            #expect(vm.log("tunnel") == "had it\n")
            #expect(try vm.sync().ran == [])
            #expect(try vm.sync(environment: ["CANARY_TOKEN": "\(canary)-new"]).ran == ["tunnel"])
        }
    }
}
