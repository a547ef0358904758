internal import DVMProtocol

/// The variables about agents, each read into the policy the guest is given.
enum AgentVariables {
    static func reset(_ variable: Variable, in policy: inout AgentPolicy, to standard: AgentPolicy) {
        switch variable {
        case .agentAccess: policy.access = standard.access
        case .agentSystemCalls: policy.systemCalls = standard.systemCalls
        case .agentGit: policy.git = standard.git
        case .agentSecrets: policy.secrets = standard.secrets
        case .agentProtected: policy.protected = standard.protected
        case .agentDenied: policy.denied = standard.denied
        case .agentNetwork: policy.network.uplink = standard.network.uplink
        case .agentHosts: policy.network.hosts = standard.network.hosts
        case .agentLocalPorts: policy.network.local = standard.network.local
        case .agentMemory: policy.limits.memory = standard.limits.memory
        case .agentTasks: policy.limits.tasks = standard.limits.tasks
        case .agentProcessors: policy.limits.processorHundredths = standard.limits.processorHundredths
        case .agentTime: policy.limits.seconds = standard.limits.seconds
        case .agentRecord: policy.recorded = standard.recorded
        default: break
        }
    }

    /// Takes in a variable that is a list.
    ///
    /// - Returns: whether it is one.
    /// - Throws: a `Refusal` about the first word that is wrong.
    static func set(
        list variable: Variable,
        _ words: [String],
        home: FilePath,
        in policy: inout AgentPolicy
    ) throws(Refusal) -> Bool {
        switch variable {
        case .agentProtected:
            policy.protected = try words.map { word throws(Refusal) in try ProjectPath(word) }
        case .agentDenied:
            policy.denied = try words.map { word throws(Refusal) in
                let path = SettingsReader.inGuest(word, home: home)
                try AgentPolicy.checkDenied(path)
                return path
            }
        case .agentHosts:
            policy.network.hosts = try words.map { word throws(Refusal) in try HostRule(word) }
        case .agentLocalPorts:
            policy.network.local = try words.map { word throws(Refusal) in
                guard let port = PortNumber.read(word) else {
                    throw Refusal("“\(word.printable)” is not a port", hint: "use numbers from 1 to 65535")
                }
                return port
            }
        default: return false
        }
        return true
    }

    /// Takes in a variable that is a single value.
    ///
    /// - Throws: a `Refusal` saying what to write instead.
    static func set(_ variable: Variable, _ text: String, in policy: inout AgentPolicy) throws(Refusal) {
        switch variable {
        case .agentAccess: policy.access = try SettingsReader.choice(text)
        case .agentSystemCalls: policy.systemCalls = try SettingsReader.choice(text)
        case .agentGit: policy.git = try SettingsReader.choice(text)
        case .agentSecrets: policy.secrets = try SettingsReader.choice(text)
        case .agentNetwork: policy.network.uplink = try SettingsReader.choice(text)
        case .agentMemory:
            let least = MemorySize(mebibytes: SessionLimits.leastMemory >> 20)
            policy.limits.memory = try SettingsReader.size(text, least: least).bytes
        case .agentTasks: policy.limits.tasks = try tasks(text)
        case .agentProcessors: policy.limits.processorHundredths = try hundredths(text)
        case .agentTime: policy.limits.seconds = try seconds(text)
        case .agentRecord: policy.recorded = try flag(text)
        default: break
        }
    }

    /// Takes in a variable that says whether a tool asks before it acts: 0 turns its prompts back on.
    ///
    /// - Throws: a `Refusal` saying what to write instead.
    static func setPrompts(of tool: Tool, _ value: Evaluation.Value, in policy: inout AgentPolicy) throws(Refusal) {
        policy.prompting.removeAll { $0 == tool.name }
        guard !value.isEmpty else { return }
        guard case .text(let text) = value, ["0", "false", "no", "1", "true", "yes"].contains(text.lowercased()) else {
            throw Refusal("it is neither 0 nor 1", hint: "write 0 to be asked before \(tool.name) acts, 1 not to be")
        }
        if ["0", "false", "no"].contains(text.lowercased()) {
            policy.prompting = (policy.prompting + [tool.name]).sorted()
        }
    }

    private static func tasks(_ text: String) throws(Refusal) -> Int {
        guard let count = number(text), (SessionLimits.leastTasks...4_194_304).contains(count) else {
            throw Refusal(
                "it is not a number of processes a session could do with",
                hint: "write a number such as 2048, at least \(SessionLimits.leastTasks)"
            )
        }
        return count
    }

    /// Reads `2` or `1.5` CPUs.
    private static func hundredths(_ text: String) throws(Refusal) -> Int {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard (1...2).contains(parts.count), (1...2).contains(fraction.count), let whole = number(parts[0]),
            whole <= 1024, let digits = number(fraction)
        else { throw Self.notCPUs }
        let hundredths = whole * 100 + digits * (fraction.count == 1 ? 10 : 1)
        guard hundredths > 0 else { throw Self.notCPUs }
        return hundredths
    }

    private static let notCPUs = Refusal("it is not a number of CPUs", hint: "write a number such as 2 or 1.5")

    /// Reads `90m`, `2h`, `45s`; a number alone counts seconds.
    private static func seconds(_ text: String) throws(Refusal) -> Int {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        let unit = text.last.flatMap { units[$0] }
        guard let count = number(unit == nil ? text : String(text.dropLast())), (1...1_000_000).contains(count) else {
            throw Refusal("it is not a length of time", hint: "write 90m, 2h or a number of seconds")
        }
        return count * (unit ?? 1)
    }

    private static func flag(_ text: String) throws(Refusal) -> Bool {
        guard ["0", "1"].contains(text) else {
            throw Refusal("it is neither 0 nor 1", hint: "write 1 for yes, 0 for no")
        }
        return text == "1"
    }

    private static func number(_ text: String) -> Int? {
        guard (1...9).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }
}
