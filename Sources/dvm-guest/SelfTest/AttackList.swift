internal import DVMProtocol

/// Every attack of the self-test, by subject.
enum AttackList {
    static let subjects: [AttackSubject] = [
        namespaces, mounts, keyrings, terminals, processes, kernel, sockets, services, secrets, git, projectFiles,
        directories, asked, privileges, nextSession, network,
    ]

    static let all = subjects.flatMap(\.attacks)

    /// The setting that lets an agent make namespaces and mounts.
    @Sendable static func nesting(_ policy: AgentPolicy) -> String? {
        policy.systemCalls == .nested ? "DVM_AI_SECCOMP=nested" : nil
    }

    /// The setting that lets an agent trace its own processes.
    @Sendable static func tracing(_ policy: AgentPolicy) -> String? {
        policy.systemCalls == .strict ? nil : "DVM_AI_SECCOMP=\(policy.systemCalls.rawValue)"
    }

    /// The setting that shows an agent the secrets in the project.
    @Sendable static func shownSecrets(_ policy: AgentPolicy) -> String? {
        policy.secrets == .shown ? "DVM_AI_SECRETS=show" : nil
    }

    /// The setting that gives an agent the internet.
    @Sendable static func openNetwork(_ policy: AgentPolicy) -> String? {
        policy.network.uplink == .open ? "DVM_AI_NET=open" : nil
    }
}
