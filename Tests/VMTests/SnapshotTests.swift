import Foundation
import Testing

extension VMTests {
    /// One test of many things: every start of a VM takes as long as all the rest.
    @Suite struct `Snapshots of a real disk` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        /// The names in dvm's list.
        private func names() throws -> [String] {
            struct Row: Decodable { var name: String, made: String? }
            let list = try vm.dvm("snapshot", "list", vm.name, "--json")
            try #require(list.status == 0, "\(list.complaint)")
            let rows = try JSONDecoder().decode([Row].self, from: Data(list.output))
            #expect(rows.allSatisfy { $0.made != nil })
            return rows.map(\.name)
        }

        private func remove(_ snapshot: String) throws -> RunningProgram.Outcome {
            let says = try vm.dvm("snapshot", "rm", "--help").text.contains("--yes") ? ["--yes"] : []
            return try vm.start(["snapshot", "rm", vm.name, snapshot] + says).finish()
        }

        /// A limactl in which a VM runs that does not until something is done to a snapshot: somebody starts it between.
        private func limactlOfARace() throws -> [String: String] {
            let directory = (vm.places.configuration as NSString).deletingLastPathComponent
            let real = try #require(vm.environment["DVM_LIMACTL"])
            try vm.write(
                """
                #!/bin/sh
                case "$1 $2" in
                "snapshot list") ;;
                "snapshot "*) : >\(directory)/race-over ;;
                list*) [ -e \(directory)/race-over ] || { \(real) "$@" | sed 's/"Running"/"Stopped"/'; exit; } ;;
                esac
                exec \(real) "$@"
                """,
                to: "race"
            )
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: "\(directory)/race")
            try? vm.write(nil, to: "race-over")
            return ["DVM_LIMACTL": "\(directory)/race"]
        }

        @Test func `keep the disk as it is, and bring it back`() throws {
            defer {
                _ = try? vm.dvm("stop", "--force", vm.name)
                for name in (try? names()) ?? [] { _ = try? remove(name) }
                _ = try? vm.dvm("start", vm.name)
                _ = try? vm.root("rm -f /var/lib/state /var/lib/news")
            }
            try vm.root("echo before >/var/lib/state")
            let runs = try vm.dvm("snapshot", "create", vm.name, "early")
            #expect(runs.status == 1 && runs.complaint.contains("has snapshots only while it does not"))

            try #require(vm.dvm("stop", vm.name).status == 0)
            #expect(try names() == [])
            for name in ["first", "second"] {
                let made = try vm.dvm("snapshot", "create", vm.name, name)
                #expect(made.status == 0, "\(made.complaint)")
            }
            #expect(try names() == ["first", "second"])
            #expect(
                try vm.dvm("snapshot", "create", vm.name, "first").complaint.contains("has a snapshot called “first”")
            )

            try #require(vm.dvm("start", vm.name).status == 0)
            try vm.root("echo after >/var/lib/state; echo news >/var/lib/news; rm /usr/bin/bwrap; sync")

            // On a VM that runs, a snapshot of its disk alone cannot be applied: told as a warning, and a success.
            let lima = try vm.limactl("snapshot", "apply", vm.instance, "--tag", "first")
            #expect(lima.status == 0 && lima.complaint.contains("level=warning"), "\(lima.complaint)")
            let fooled = try vm.dvm(
                "snapshot",
                "restore",
                vm.name,
                "first",
                "--yes",
                "--force",
                environment: limactlOfARace()
            )
            #expect(fooled.status == 1)
            #expect(fooled.complaint.contains("\(vm.name) runs"), "\(fooled.complaint)")

            // That also pauses it.
            try #require(vm.dvm("stop", "--force", vm.name).status == 0)
            let restored = try vm.dvm("snapshot", "restore", vm.name, "first", "--yes", "--force")
            #expect(restored.status == 0, "\(restored.complaint)")
            #expect(try names() == ["first", "second"])
            try #require(vm.dvm("start", vm.name).status == 0)
            #expect(
                try vm.root("cat /var/lib/state; ls /var/lib/news 2>/dev/null || echo none; ls /usr/bin/bwrap")
                    == "before\nnone\n/usr/bin/bwrap\n"
            )
            #expect(try vm.agent("id -un").lines == ["dvm-agent"])

            try #require(vm.dvm("stop", vm.name).status == 0)
            #expect(try remove("second").status == 0)
            #expect(try names() == ["first"])
            #expect(try remove("first").status == 0)
            #expect(try names() == [])
            let gone = try vm.dvm("snapshot", "restore", vm.name, "first", "--yes", "--force")
            #expect(gone.status == 1 && gone.complaint.contains("has no snapshot called “first”"), "\(gone.complaint)")
        }
    }
}
