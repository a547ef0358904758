import Foundation
import TestSupport
import Testing

extension VMTests {
    @Suite struct `Programs run by dvm ssh` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        @Test func `streams, directory and status are the program's`() throws {
            let outcome = try vm.developer("pwd; echo oops >&2; cat; exit 7", input: Array("typed".utf8))

            #expect(outcome.text == "\(vm.project)\ntyped")
            #expect(outcome.complaint == "oops\n")
            #expect(outcome.status == 7)
        }

        @Test(arguments: ["sh", "ssh"])
        func `commands can be piped into a shell`(verb: String) throws {
            let outcome = try vm.dvm(verb, vm.name, input: Array("pwd; exit 4\n".utf8))

            #expect(outcome.lines == [vm.project])
            #expect(outcome.status == 4)
            #expect(try vm.dvm(verb, vm.name).status == 0)
        }

        @Test(arguments: [("TERM", 143), ("KILL", 137)] as [(String, Int32)])
        func `death by a signal is 128 and its number`(name: String, status: Int32) throws {
            #expect(try vm.developer("kill -\(name) $$").status == status)
        }

        @Test func `words arrive as they were written`() throws {
            let words = ["a b", "", "--", "-T", "$(id)", "X=1", "it's", "\"", "ü✓", "line\nfeed", "*"]
            let program = try vm.start(["ssh", vm.name, "--", "printf", #"<%s>\n"#] + words)

            #expect(try program.finish().text == words.map { "<\($0)>\n" }.joined())
        }

        @Test func `a signal to dvm reaches the program`() throws {
            let program = try vm.start([
                "ssh", vm.name, "--", "/bin/sh", "-c", "trap 'echo caught; exit 3' TERM; echo ready; sleep 100 & wait",
            ])
            _ = try program.writes { $0.text.contains("ready") }
            program.signal(SIGTERM)
            let outcome = try program.finish()

            #expect(outcome.text == "caught\n")
            #expect(outcome.status == 3)
        }

        @Test func `a program that does not exist is refused by name`() throws {
            let outcome = try vm.dvm("ssh", vm.name, "--", "no-such-program")

            #expect(outcome.status == 1)
            #expect(outcome.complaint.contains("no-such-program"))
            #expect(outcome.complaint.contains("hint: "))
        }

        @Test func `a million random bytes come back the same`() throws {
            var random = SeededGenerator(seed: 7)
            let bytes = (0..<1_000_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }

            #expect(try vm.dvm("ssh", vm.name, "--", "cat", input: bytes).output == bytes)
        }

        @Test func `200 MB arrive bit for bit, and dvm does not gather them`() throws {
            let file = "/var/tmp/dvm-vmtest-\(getpid()).data"
            try #require(FileManager.default.createFile(atPath: file, contents: nil))
            defer { try? FileManager.default.removeItem(atPath: file) }
            let handle = try FileHandle(forWritingTo: URL(filePath: file))
            let program = try vm.start([
                "ssh", vm.name, "--", "/bin/bash", "-c",
                """
                mkfifo /tmp/copy && trap 'rm /tmp/copy' EXIT
                sha256sum </tmp/copy >&2 &
                head -c 200000000 /dev/urandom | tee /tmp/copy && wait
                """,
            ])
            var peak = 0
            var count = 0
            let outcome = try program.finish(within: .seconds(600)) { bytes in
                count += bytes.count
                peak = max(peak, HostProcesses.peakMemory(of: program.pid) ?? 0)
                try handle.write(contentsOf: bytes)
            }
            let here = try vm.host("sha256sum", file).text.prefix(64)

            #expect(outcome.status == 0)
            #expect(count == 200_000_000)
            #expect(outcome.complaint.prefix(64) == here)
            #expect((1..<100_000).contains(peak), "\(peak) KiB")
        }

        @Test func `what the control account's login prints disturbs nothing`() throws {
            let home = try vm.root("getent passwd dvm | cut -d: -f6").split(separator: "\n").first.map(String.init)
            let profile = "\(try #require(home))/.bash_profile"
            let noise = #"echo WELCOME; printf '\033[31m%5000s\n\000\377' x; echo WARNING >&2"#
            try vm.altered("cat >\(profile) <<'END'\n\(noise)\nEND", back: "rm \(profile)") {
                // The noise is there for whoever comes without dvm.
                #expect(try vm.control("true").text.contains("WELCOME"))

                let outcome = try vm.developer("echo out; echo err >&2; exit 5")
                #expect(outcome.text == "out\n")
                #expect(outcome.complaint == "err\n")
                #expect(outcome.status == 5)

                let told = try vm.dvm("ssh", vm.name, "--verbose", "--", "echo", "out")
                #expect(told.text == "out\n")
                #expect(told.complaint.contains("WELCOME"))
                #expect(!told.complaint.contains("\u{1B}["), "control characters of the VM reach the terminal")
            }
        }
    }
}
