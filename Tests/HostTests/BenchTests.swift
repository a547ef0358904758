import Foundation
import TestSupport
import Testing

@Suite struct `The budgets of make bench` {
    @Test func `are held against the ratio where there is one, else against what was measured`() throws {
        // What is measured, the ratio, the budget, and whether it is kept.
        let rows = [
            ("1.200 s", "1.50", "<= 1.5", "True"), ("1.200 s", "1.51", "<= 1.5", "False"),
            ("99.0 MB/s", "0.89", ">= 0.9", "False"), ("99.0 MB/s", "1.30", ">= 0.9", "True"),
            ("2.00 s", "+1.49", "<= +1.5 s", "True"), ("1 ms", "-3", "<= +60 ms", "True"),
            ("70.0 ms", "+61", "<= +60 ms", "False"),
            ("20.1 MB", "", "<= 20 MB", "False"), ("19.9 MB", "", "<= 20 MB", "True"),
            ("199 MB/s", "", ">= 200 MB/s", "False"), ("1.00 GB/s", "", ">= 1 GB/s", "True"),
            ("9 s", "9.00", "(to compare)", "None"), ("9 s", "", "none set", "None"), ("needs root", "", "", "None"),
        ]
        let calls = rows.map { "print(bench['keeps']('\($0.0)', '\($0.1)', '\($0.2)'))" }
        let path = Products.repository.appending(path: "scripts/bench").path
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-B", "-c", "import runpy\nbench = runpy.run_path('\(path)')\n" + calls.joined(separator: "\n"),
        ]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text.split(separator: "\n").map(String.init) == rows.map(\.3))
    }
}
