internal import DVMProtocol

/// Which system calls the programs of a session may make.
struct SystemCallFilter {
    /// The calls that are refused, each row with its reason.
    let refused: [SystemCallRule]
    /// The calls that alone are made; nothing when every other is.
    let allowed: [AllowedSystemCalls]?

    init(refused: [SystemCallRule], allowed: [AllowedSystemCalls]? = nil) {
        self.refused = refused
        self.allowed = allowed
    }

    /// The system calls of a session, as its VM's configuration chose them.
    init(_ policy: AgentPolicy) {
        let filter = Self(policy.systemCalls)
        self.init(
            refused: policy.access == .acl ? filter.refused.map(SystemCallTable.allowingSetgid) : filter.refused,
            allowed: filter.allowed
        )
    }

    /// The system calls of a session that is the owner of its project.
    init(_ choice: AgentPolicy.SystemCalls) {
        switch choice {
        case .standard:
            self.init(refused: SystemCallTable.always + SystemCallTable.confining)
        case .strict:
            self.init(
                refused: SystemCallTable.always + SystemCallTable.confining + StrictSystemCalls.refused,
                allowed: StrictSystemCalls.allowed
            )
        case .nested:
            self.init(refused: SystemCallTable.always)
        }
    }

    /// How many programs a session is under.
    ///
    /// The kernel asks all of them and takes the strictest verdict.
    static let programCount = 2

    /// The programs, in the order in which they are to be loaded.
    ///
    /// Of two refusals the kernel tells the one of the program loaded last: so that with the rows comes last, and its
    /// EPERM is not hidden by an ENOSYS that knows less.
    func programs(for architecture: Architecture = .native) throws(Refusal) -> [SystemCallProgram] {
        let rules = RuleFilter(
            architecture: architecture,
            rules: refused.map { $0.only { !$0.isBeyondLibrary } }.filter { !$0.calls.isEmpty }
        )
        return [try numbers(for: architecture).program, try rules.program()]
    }

    /// What is decided by number alone.
    func numbers(for architecture: Architecture) throws(Refusal) -> NumberFilter {
        var answers: [UInt32: SystemCallRule.Answer] = [:]
        for rule in refused.map({ $0.only(\.isBeyondLibrary) }) {
            for case .new(let number, let name) in rule.calls {
                guard rule.cases.isEmpty else { throw Refusal("no argument of \(name) can be looked at") }
                answers[number] = rule.answer
            }
        }
        guard let allowed else { return NumberFilter(architecture, refused: answers) }
        var fates: [UInt32: NumberFilter.Fate] = [:]
        for row in allowed {
            for call in row.calls {
                guard let number = try call.number(on: architecture) else { continue }
                fates[number] = row.firstArguments.map { .whenFirstArgument(isIn: $0) } ?? .decided(.allow)
            }
        }
        return NumberFilter(architecture, refused: answers, allowed: fates)
    }
}
