import DVMProtocol
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `The attacks of the self-test` {
    @Test func `are many, on every subject, each with a name of its own and a reason`() {
        let names = AttackList.all.map(\.name)
        #expect(names.count >= 200)
        #expect(Set(names).count == names.count)
        #expect(AttackList.subjects.allSatisfy { $0.attacks.count >= 3 })
        #expect(AttackList.all.allSatisfy { !$0.gain.isEmpty })
    }

    @Test func `read the routes of the kernel`() {
        let table = """
            Iface   Destination     Gateway         Flags   RefCnt  Use     Metric  Mask
            eth0    00000000        0205A8C0        0003    0       0       100     00000000
            eth0    0005A8C0        00000000        0001    0       0       100     00FFFFFF
            eth1    00000000        00000000        0001    0       0       100     00000000
            """
        #expect(AttackListeners.gateways(in: table) == ["192.168.5.2"])
        #expect(AttackListeners.gateways(in: "") == [])
    }
}

@Suite struct `What the answers to an attack mean` {
    /// What was answered, and the row that makes of it.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var findings: AttackJudge.Findings
        var traced = false
        var setting: String?
        var verdict: SelfTestReport.Verdict
        var layer: String?
        var answer: String

        init(
            _ name: String,
            _ findings: AttackJudge.Findings,
            traced: Bool = false,
            setting: String? = nil,
            _ verdict: SelfTestReport.Verdict,
            _ layer: String? = nil,
            _ answer: String
        ) {
            testDescription = name
            self.findings = findings
            self.traced = traced
            self.setting = setting
            self.verdict = verdict
            self.layer = layer
            self.answer = answer
        }
    }

    static let cases: [Case] = [
        Case("refused", .init(attempt: .refused("EPERM")), .blocked, "system call filter", "EPERM"),
        Case("refused in the usual way", .init(attempt: .refused("ENOENT")), .blocked, "not in the view", "ENOENT"),
        Case("refused in no known way", .init(attempt: .refused("EIO")), .blocked, "kernel", "EIO"),
        Case("killed by the filter", .init(attempt: .refused("SIGSYS")), .blocked, "system call filter", "SIGSYS"),
        Case("worked", .init(attempt: .worked("read")), .open, nil, "read"),
        Case("never tried", .init(), .unknown, nil, "was not tried"),
        Case("no end", .init(attempt: .unclear("signal 11")), .unknown, nil, "signal 11"),
        Case("allowed", .init(attempt: .worked("")), setting: "DVM_X=1", .permitted, "DVM_X=1", ""),
        // What the configuration allows and is refused all the same is blocked.
        Case(
            "allowed, and refused",
            .init(attempt: .refused("EPERM")),
            setting: "DVM_X=1",
            .blocked,
            "system call filter",
            "EPERM"
        ),
        Case(
            "left, and gone",
            .init(attempt: .worked(""), trace: .refused("not there")),
            traced: true,
            .blocked,
            "gone with the session",
            "not there"
        ),
        Case("left", .init(attempt: .worked(""), trace: .worked("there")), traced: true, .open, nil, "there"),
        Case(
            "left, and not looked for",
            .init(attempt: .worked("")),
            traced: true,
            .unknown,
            nil,
            "its effect was not looked for"
        ),
        Case(
            "not even left",
            .init(attempt: .refused("EROFS"), trace: .worked("there")),
            traced: true,
            .blocked,
            "read-only mount",
            "EROFS"
        ),
    ]

    @Test(arguments: cases)
    func `one row says`(which: Case) {
        let setting = which.setting
        let attack = Attack(
            "name",
            gain: "gain",
            held: ["EPERM": .filter],
            permitted: { _ in setting },
            trace: which.traced ? .init(place: .nextSession, layer: .sessionEnd) { _ in .worked("") } : nil
        ) { _ in .worked("") }
        let row = AttackJudge(policy: AgentPolicy()).row(
            attack,
            in: AttackSubject(name: "subject", attacks: [attack]),
            which.findings
        )
        #expect(
            row
                == SelfTestReport.Row(
                    subject: "subject",
                    name: "name",
                    gain: "gain",
                    verdict: which.verdict,
                    layer: which.layer,
                    answer: which.answer,
                    control: .init(leftOut: "it was not tried")
                )
        )
    }

    @Test(
        arguments: [
            (.agent, .worked(""), .init(actor: "dvm-agent", worked: true, answer: "")),
            (.root, .refused("ENOSYS"), .init(actor: "root", worked: false, answer: "ENOSYS")),
            (.leftOut("it harms"), nil, .init(leftOut: "it harms")),
        ] as [(Attack.Control, AttackAnswer?, SelfTestReport.Control)]
    )
    func `the control is told as it was`(
        control: Attack.Control,
        answer: AttackAnswer?,
        told: SelfTestReport.Control
    ) {
        let attack = Attack("name", gain: "gain", control: control) { _ in .worked("") }
        let row = AttackJudge(policy: AgentPolicy()).row(
            attack,
            in: AttackSubject(name: "subject", attacks: [attack]),
            AttackJudge.Findings(attempt: .refused("EPERM"), control: answer)
        )
        #expect(row.control == told)
    }

    /// A choice in the configuration, and the setting that is named for an attack it allows.
    struct Choice: Sendable, CustomTestStringConvertible {
        var attack: String
        var setting: String?
        var change: @Sendable (inout AgentPolicy) -> Void = { _ in }

        var testDescription: String { "\(attack): \(setting ?? "never")" }
    }

    static let choices: [Choice] = [
        Choice(attack: "mount", setting: "DVM_AI_SECCOMP=nested") { $0.systemCalls = .nested },
        Choice(attack: "mount"),
        Choice(attack: "trace a process of the session", setting: "DVM_AI_SECCOMP=default"),
        Choice(attack: "trace a process of the session") { $0.systemCalls = .strict },
        Choice(attack: "a secret in the project: .env", setting: "DVM_AI_SECRETS=show") { $0.secrets = .shown },
        Choice(attack: "a secret in the project: .env"),
        Choice(attack: "a name server of its choice", setting: "DVM_AI_NET=open"),
        Choice(attack: "a name server of its choice") { $0.network.uplink = .allow },
    ]

    @Test(arguments: choices)
    func `a choice of the person is not a hole`(choice: Choice) throws {
        var policy = AgentPolicy()
        choice.change(&policy)
        let attack = try #require(AttackList.all.first { $0.name == choice.attack })
        #expect(attack.permitted(policy) == choice.setting)
    }
}
