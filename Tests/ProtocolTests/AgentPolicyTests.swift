import DVMProtocol
import Testing

@Suite struct `What is said about agents` {
    @Test(arguments: [
        ("api.example.org", HostRule(host: "api.example.org", port: 443)),
        ("API.Example.org.", HostRule(host: "api.example.org", port: 443)),
        ("db:5432", HostRule(host: "db", port: 5432)),
        ("10.0.0.1:80", HostRule(host: "10.0.0.1", port: 80)),
    ])
    func `is a host with a port`(text: String, rule: HostRule) throws {
        #expect(try HostRule(text) == rule)
    }

    @Test(arguments: [
        "", ".", "*.example.org", "a..b", "-a.org", "a-.org", "https://example.org", "a:0", "a:65536", "a:+1", "a:",
        "a:1:2",
        "a b", "ä.org", "a\u{0}.org", "[::1]:80", String(repeating: "a", count: 64) + ".org",
    ])
    func `is never a pattern or anything else that is no host`(text: String) {
        #expect(throws: Refusal.self) { try HostRule(text) }
    }

    @Test(arguments: [(".envrc", [".envrc"]), ("a/b/", ["a", "b"]), ("...", ["..."])])
    func `is a path inside the project`(text: String, parts: [String]) throws {
        #expect(try ProjectPath(text).parts == parts)
        #expect(try JSON.decode(ProjectPath.self, from: JSON.encode(ProjectPath(text))) == ProjectPath(text))
    }

    @Test(arguments: [
        "", "/", "/etc", "..", "a/../b", "./a", "a//b", "a\u{0}b", "a\nb", String(repeating: "a", count: 256),
    ])
    func `is never a path that leaves the project`(text: String) throws {
        #expect(throws: Refusal.self) { try ProjectPath(text) }
        let hostile = try JSON.encode(text)
        #expect(throws: (any Error).self) { try JSON.decode(ProjectPath.self, from: hostile) }
    }

    @Test(arguments: [
        (0, "19700101-000000-0007"), (951_782_400, "20000229-000000-0007"), (1_709_251_199, "20240229-235959-0007"),
        (1_763_737_812, "20251121-151012-0007"), (4_107_542_400, "21000301-000000-0007"),
    ])
    func `names a session after its start`(seconds: Int, name: String) throws {
        #expect(SessionID(seconds: seconds, salt: 7).text == name)
        #expect(try SessionID(name) == SessionID(seconds: seconds, salt: 7))
    }

    @Test(arguments: [
        "", "..", "20251121-151012", "20251121-151012-000G", "20251121/151012-0007", "20251121-151012-00077",
    ])
    func `never names a session by anything else`(name: String) throws {
        #expect(throws: Refusal.self) { try SessionID(name) }
        let hostile = try JSON.encode(name)
        #expect(throws: (any Error).self) { try JSON.decode(SessionID.self, from: hostile) }
    }

    @Test func `survives the wire`() throws {
        var policy = AgentPolicy()
        policy.access = .acl
        policy.network.hosts = [try HostRule("a.org:80")]
        policy.protected = [try ProjectPath("tools/deploy")]
        policy.limits.memory = SessionLimits.leastMemory
        #expect(try JSON.decode(AgentPolicy.self, from: JSON.encode(policy)) == policy)
        #expect(throws: Never.self) { try Self.request(policy).check() }
    }

    @Test(
        arguments: [
            { $0.network.hosts = [HostRule(host: "A.org", port: 443)] },
            { $0.network.hosts = [HostRule(host: "a.org", port: 0)] },
            { $0.denied = ["~/a/../.."] },
            { $0.denied = ["notes"] },
            { $0.limits.memory = 4096 },
            { $0.limits.tasks = 1 },
            { $0.limits.seconds = -1 },
            { $0.network.local = Array(repeating: 80, count: 257) },
        ] as [@Sendable (inout AgentPolicy) -> Void]
    )
    func `is refused when no configuration could have said it`(change: @Sendable (inout AgentPolicy) -> Void) {
        var policy = AgentPolicy()
        change(&policy)
        #expect(throws: Refusal.self) { try Self.request(policy).check() }
    }

    private static func request(_ policy: AgentPolicy) -> Request {
        .task(.provision(Provision(hostName: "app", user: "dev", codeDirectory: "~/code", agents: policy)))
    }
}
