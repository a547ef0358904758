import DVMProtocol
import Testing

@Suite struct `A doctor's report` {
    @Test func `shows each finding, made harmless, and its remedy`() {
        let report = DoctorReport(checks: [
            .init("limactl", .pass, "2.2.0"), .init("clock", .warn, "off by 1 s", meaning: "certificates\nexpire"),
            .init("filter", .fail, "\u{1B}[2Jgone\nnow", remedy: "run `dvm sync app`"),
        ])

        #expect(
            report.text == """
                ✓ limactl  2.2.0
                ! clock    off by 1 s
                    certificates\\u{a}expire
                ✗ filter   \\u{1b}[2Jgone\\u{a}now
                    → run `dvm sync app`

                3 checks, 1 failed, 1 to look at
                """
        )
        #expect(!report.passed)
    }

    @Test func `is harmless as JSON too, and stays what it is`() throws {
        let said = "\u{9B}2J\u{7F}\u{202E}\u{E0041}\u{1B}[2J é\n"
        let report = DoctorReport(checks: [.init(said, .pass, "\\u{9b}")])
        let text = try JSON.text(report)

        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || String($0) == String($0).printable })
        #expect(text.contains(#"\u009b2J\u007f\u202e\udb40\udc41\u001b[2J é\n"#))
        #expect(try JSON.decode(DoctorReport.self, from: Array(text.utf8)) == report)
    }

    @Test func `is not much larger than what it was made of`() {
        let long = DoctorReport.Check(String(repeating: "\u{1B}", count: 10_000), .pass, "")
        let report = DoctorReport(checks: [long] + Array(repeating: .init("short", .pass, ""), count: 1000))

        #expect(report.text.utf8.count < 200_000)
    }

    @Test func `a name of hostile length or script breaks nothing`() {
        let report = DoctorReport(checks: [.init("\u{1B}\u{1B}", .pass, ""), .init("é", .pass, "")])

        #expect(report.text.split(separator: "\n").count == 3)
    }
}
