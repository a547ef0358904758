internal import DVMProtocol

/// What the answers to an attack mean.
///
/// Pure, so that every outcome can be tested without a sandbox.
struct AttackJudge {
    /// What the configuration of the VM allows.
    let policy: AgentPolicy

    /// What was found out about one attack.
    struct Findings: Equatable {
        /// Inside the sandbox; absent when it was not tried.
        var attempt: AttackAnswer?
        /// Where its effect was looked for.
        var trace: AttackAnswer?
        /// Outside the sandbox.
        var control: AttackAnswer?
    }

    /// The row of the report.
    func row(_ attack: Attack, in subject: AttackSubject, _ findings: Findings) -> SelfTestReport.Row {
        let (verdict, layer, answer) = outcome(of: attack, findings)
        return SelfTestReport.Row(
            subject: subject.name,
            name: attack.name,
            gain: attack.gain,
            verdict: verdict,
            layer: layer,
            answer: answer,
            control: control(attack, findings.control)
        )
    }

    private func outcome(of attack: Attack, _ findings: Findings) -> (SelfTestReport.Verdict, String?, String) {
        switch findings.attempt {
        case nil: return (.unknown, nil, "was not tried")
        case .unclear(let said): return (.unknown, nil, said)
        case .refused(let said): return (.blocked, Self.layer(of: said, for: attack).rawValue, said)
        case .worked(let said):
            switch (attack.trace, findings.trace) {
            case (nil, _): return opened(attack, said)
            // What it did cannot be seen any more where it would have to be.
            case (let trace?, .refused(let said)): return (.blocked, trace.layer.rawValue, said)
            case (_, .worked(let said)): return opened(attack, said)
            case (_, .unclear(let said)): return (.unknown, nil, said)
            case (_, nil): return (.unknown, nil, "its effect was not looked for")
            }
        }
    }

    private func opened(_ attack: Attack, _ said: String) -> (SelfTestReport.Verdict, String?, String) {
        if let setting = attack.permitted(policy) { return (.permitted, setting, said) }
        return (.open, nil, said)
    }

    /// The layer a refusal comes from.
    static func layer(of answer: String, for attack: Attack) -> Attack.Layer {
        if let layer = attack.held[answer] { return layer }
        switch answer {
        case "ENOENT", "ENOTDIR", "not there", "no address": return .view
        case "EROFS": return .mounts
        case "EACCES": return .permissions
        case "ESRCH": return .processes
        case "EPERM": return .capabilities
        case "SIGSYS", "ENOSYS": return .filter
        case "not installed": return .absent
        case _ where answer.hasPrefix("status "): return .newPrivileges
        default: return .kernel
        }
    }

    private func control(_ attack: Attack, _ answer: AttackAnswer?) -> SelfTestReport.Control {
        let actor: String
        switch attack.control {
        case .leftOut(let reason): return SelfTestReport.Control(leftOut: reason)
        case .agent: actor = AgentAccount.name
        case .root: actor = "root"
        }
        guard let answer else { return SelfTestReport.Control(leftOut: "it was not tried") }
        return SelfTestReport.Control(actor: actor, worked: answer.worked, answer: answer.said)
    }
}
