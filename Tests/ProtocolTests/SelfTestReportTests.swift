import DVMProtocol
import Testing

@Suite struct `A self-test's report` {
    static func row(
        _ name: String,
        _ verdict: SelfTestReport.Verdict,
        subject: String = "mounts",
        layer: String? = nil,
        answer: String = "",
        control: SelfTestReport.Control = .init(actor: "root", worked: true, answer: "")
    ) -> SelfTestReport.Row {
        SelfTestReport.Row(
            subject: subject,
            name: name,
            gain: "the VM's files",
            verdict: verdict,
            layer: layer,
            answer: answer,
            control: control
        )
    }

    @Test func `shows each attack, what blocked it, its control, and the gain of what is open`() {
        let report = SelfTestReport(rows: [
            Self.row("mount", .blocked, layer: "system call filter", answer: "EPERM"),
            Self.row(
                "pivot_root",
                .blocked,
                layer: "system call filter",
                answer: "EPERM",
                control: .init(leftOut: "it harms")
            ),
            Self.row("\u{1B}[2Jloopback", .open, subject: "network"),
            Self.row(
                "DNS",
                .permitted,
                subject: "network",
                layer: "DVM_AI_NET=open",
                control: .init(actor: "dvm-agent", worked: false, answer: "ENETUNREACH")
            ),
            Self.row("hung", .unknown, subject: "network", answer: "no end within 15 seconds"),
        ])

        #expect(
            report.text == #"""
                mounts
                ✓ mount              blocked: system call filter, EPERM  (control: yes, as root)
                ✓ pivot_root         blocked: system call filter, EPERM  (no control: it harms)

                network
                ✗ \u{1b}[2Jloopback  open  (control: yes, as root)
                    → the VM's files
                · DNS                allowed: DVM_AI_NET=open  (control: no, ENETUNREACH, as dvm-agent)
                ? hung               unknown: no end within 15 seconds  (control: yes, as root)
                    → the VM's files

                5 attacks: 2 blocked, 1 open, 1 allowed by configuration, 1 without an answer
                3 of them were tried outside the sandbox as well and worked there (control: yes)
                """#
        )
    }

    @Test(
        arguments: [
            ([.blocked, .permitted], true), ([], true), ([.blocked, .open], false), ([.unknown], false),
        ] as [([SelfTestReport.Verdict], Bool)]
    )
    func `passes only when nothing is open or unknown`(verdicts: [SelfTestReport.Verdict], passes: Bool) {
        #expect(SelfTestReport(rows: verdicts.map { Self.row("x", $0) }).passed == passes)
    }

    @Test func `stays what it is as JSON`() throws {
        let report = SelfTestReport(rows: [
            Self.row("mount", .permitted, layer: "DVM_AI_SECCOMP=nested", answer: "EPERM"),
            Self.row("\u{1B}", .open, control: .init(leftOut: "it harms")),
        ])
        let text = try JSON.text(report)
        #expect(text.contains(#""verdict" : "allowed""#))
        #expect(!text.contains("\u{1B}"))
        #expect(try JSON.decode(SelfTestReport.self, from: Array(text.utf8)) == report)
    }
}
