import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `The configuration of agents` {
    private func policy(_ variables: Evaluation.Variables) throws(Refusal) -> AgentPolicy {
        var reader = SettingsReader(for: try MachineName("app"), home: "/home/me")
        reader.take(variables, from: .init(origin: .file("app.sh")))
        return try reader.read().settings.agentPolicy
    }

    typealias Change = @Sendable (inout AgentPolicy) -> Void

    static let values: [(String, String, Change)] = [
        ("DVM_AI_ACCESS", "acl", { $0.access = .acl }),
        ("DVM_AI_SECCOMP", "strict", { $0.systemCalls = .strict }),
        ("DVM_AI_GIT", "ro", { $0.git = .readOnly }),
        ("DVM_AI_SECRETS", "show", { $0.secrets = .shown }),
        ("DVM_AI_NET", "allow", { $0.network.uplink = .allow }),
        ("DVM_AI_MEMORY", "512MiB", { $0.limits.memory = 512 << 20 }),
        ("DVM_AI_TASKS", "100", { $0.limits.tasks = 100 }),
        ("DVM_AI_CPUS", "1.5", { $0.limits.processorHundredths = 150 }),
        ("DVM_AI_CPUS", "2", { $0.limits.processorHundredths = 200 }),
        ("DVM_AI_TIME", "2h", { $0.limits.seconds = 7200 }),
        ("DVM_AI_TIME", "90", { $0.limits.seconds = 90 }),
        ("DVM_AI_RECORD", "1", { $0.recorded = true }),
        ("DVM_AI_LOCAL", "8777 5432", { $0.network.local = [8777, 5432] }),
        ("DVM_PORTS", "3000:80 4000:80 5000:22", { $0.network.served = [22, 80] }),
        ("DVM_AI_DENY", "/home/me/notes /srv/data/", { $0.denied = ["~/notes", "/srv/data"] }),
        ("DVM_AI_GIT", " ", { _ in }),
    ]

    @Test(arguments: values)
    func `becomes their policy`(name: String, value: String, change: Change) throws {
        var expected = AgentPolicy()
        change(&expected)
        #expect(try policy([name: .text(value)]) == expected)
    }

    @Test func `takes lists of hosts and paths`() throws {
        var expected = AgentPolicy()
        expected.network.hosts = [try HostRule("pypi.org"), try HostRule("db.internal:5432")]
        expected.protected = [try ProjectPath("tools/deploy"), try ProjectPath(".envrc")]
        #expect(
            try policy([
                "DVM_AI_HOSTS": .list(["pypi.org", "db.internal:5432"]),
                "DVM_AI_PROTECT": .text("tools/deploy .envrc"),
            ]) == expected
        )
    }

    @Test(arguments: [
        ("DVM_AI_ACCESS", "yes"), ("DVM_AI_SECCOMP", "off"), ("DVM_AI_GIT", "none"), ("DVM_AI_NET", "on"),
        ("DVM_AI_HOSTS", "*.org"), ("DVM_AI_LOCAL", "0"), ("DVM_AI_PROTECT", "../x"), ("DVM_AI_DENY", "notes"),
        ("DVM_AI_MEMORY", "1M"), ("DVM_AI_TASKS", "3"), ("DVM_AI_CPUS", "0"), ("DVM_AI_CPUS", "1.555"),
        ("DVM_AI_TIME", "soon"), ("DVM_AI_TIME", "0"), ("DVM_AI_RECORD", "yes"), ("DVM_AI_SECRETS", "1"),
    ])
    func `is refused with variable, value, place and remedy`(name: String, value: String) throws {
        let refusal = #expect(throws: Refusal.self) { try policy([name: .text(value)]) }
        #expect(refusal?.message.hasPrefix("\(name)=“\(value)”, set in app.sh: ") == true)
        #expect(refusal?.hint != nil)
    }
}
