extension AgentPolicy {
    /// The most entries a list of a policy has: more is no configuration a person wrote.
    static let mostEntries = 256

    /// Refuses what no configuration could have said.
    ///
    /// - Throws: a `Refusal` that names the part.
    func check() throws(Refusal) {
        let counts = [
            network.hosts.count, network.local.count, network.served.count, protected.count, denied.count,
            prompting.count,
        ]
        guard counts.allSatisfy({ $0 <= Self.mostEntries }) else {
            throw Refusal("more than \(Self.mostEntries) entries in one list of the agents' policy")
        }
        for rule in network.hosts {
            guard HostRule.name(rule.host) == rule.host, rule.port > 0 else {
                throw Refusal("“\(rule.host.printable)” does not name a host")
            }
        }
        for path in denied { try Self.checkDenied(path) }
        try limits.check()
    }

    /// Refuses a path that cannot be closed to the agent.
    ///
    /// - Throws: a `Refusal` that quotes it.
    public static func checkDenied(_ path: String) throws(Refusal) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let plain = !parts.dropFirst().contains { $0.isEmpty || $0 == "." || $0 == ".." }
        let clean = path.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard path.hasPrefix("/") || path.hasPrefix("~/"), parts.count >= 2, plain, clean, path.utf8.count <= 1024
        else {
            throw Refusal(
                "“\(path.printable)” cannot be closed to the agent",
                hint: "write a path in the VM that starts with ~/ or /, without . or .. and without a / at the end"
            )
        }
    }
}

extension SessionLimits {
    /// Memory below this starts no tool at all.
    public static let leastMemory = 64 << 20
    /// Fewer processes than this run no build.
    public static let leastTasks = 16

    func check() throws(Refusal) {
        let possible =
            memory.map { $0 >= Self.leastMemory } ?? true && tasks.map { $0 >= Self.leastTasks } ?? true
            && processorHundredths.map { (1...102_400).contains($0) } ?? true
            && seconds.map { $0 > 0 } ?? true
        guard possible else { throw Refusal("limits for agents that nothing could run in") }
    }
}
