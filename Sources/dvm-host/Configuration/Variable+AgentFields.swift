internal import DVMProtocol

extension Variable {
    /// What a variable about agents means, part by part of the policy the guest is given.
    var agentField: Field {
        switch self {
        case .agentAccess: .choice(\.agents.access)
        case .agentSystemCalls: .choice(\.agents.systemCalls)
        case .agentGit: .choice(\.agents.git)
        case .agentSecrets: .choice(\.agents.secrets)
        case .agentNetwork: .choice(\.agents.network.uplink)
        case .agentRecord: .flag(\.agents.recorded)
        case .agentProtected:
            .list(\.agents.protected, { (word, _) throws(Refusal) in try ProjectPath(word) }, show: \.description)
        case .agentDenied:
            .list(
                \.agents.denied,
                { (word, context) throws(Refusal) in
                    let path = FieldValue.inGuest(word, home: context.home)
                    try AgentPolicy.checkDenied(path)
                    return path
                },
                show: { $0 }
            )
        case .agentHosts:
            .list(\.agents.network.hosts, { (word, _) throws(Refusal) in try HostRule(word) }, show: \.description)
        case .agentLocalPorts:
            .list(
                \.agents.network.local,
                { (word, _) throws(Refusal) in
                    guard let port = PortNumber.read(word) else {
                        throw Refusal("“\(word.printable)” is not a port", hint: "use numbers from 1 to 65535")
                    }
                    return port
                },
                show: { "\($0)" }
            )
        default: limitField
        }
    }

    /// What a variable about the limits of a session means.
    private var limitField: Field {
        switch self {
        case .agentMemory:
            .one(
                \.agents.limits.memory,
                { (text) throws(Refusal) in
                    let least = MemorySize(mebibytes: SessionLimits.leastMemory >> 20)
                    return try FieldValue.size(text, least: least).bytes
                },
                show: { $0.map { "\(MemorySize(mebibytes: $0 >> 20))" } }
            )
        case .agentTasks:
            .one(
                \.agents.limits.tasks,
                { (text) throws(Refusal) in
                    let least = SessionLimits.leastTasks
                    guard let count = FieldValue.number(text), (least...4_194_304).contains(count) else {
                        throw Refusal(
                            "it is not a number of processes a session could do with",
                            hint: "write a number such as 2048, at least \(least)"
                        )
                    }
                    return count
                },
                show: { $0.map(String.init) }
            )
        case .agentProcessors:
            .one(
                \.agents.limits.processorHundredths,
                { (text) throws(Refusal) in try FieldValue.hundredths(text) },
                show: { $0.map { "\($0 / 100).\($0 / 10 % 10)\($0 % 10)" } }
            )
        default:
            .one(
                \.agents.limits.seconds,
                { (text) throws(Refusal) in try FieldValue.seconds(text) },
                show: { $0.map(String.init) }
            )
        }
    }
}
