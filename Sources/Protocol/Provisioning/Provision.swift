/// What a VM is to become.
public struct Provision: Hashable, Codable, Sendable {
    /// The host name it gets.
    public var hostName: String
    /// The account people work as.
    public var user: String
    /// Where the project lives: an absolute path, or one that starts with `~/`, the user's home in the VM.
    public var codeDirectory: String
    /// What agents may do in it.
    public var agents: AgentPolicy
    /// The AI tools there are beside those dvm knows.
    public var tools: [Tool]
    /// What the system is set to beside that.
    public var system: SystemOptions
    /// What comes after units, where none is to run: it is then done in the same breath.
    public var settle: Settle?

    /// A plan for a VM.
    public init(
        hostName: String,
        user: String,
        codeDirectory: String,
        agents: AgentPolicy = AgentPolicy(),
        tools: [Tool] = [],
        system: SystemOptions = SystemOptions(),
        settle: Settle? = nil
    ) {
        self.hostName = hostName
        self.user = user
        self.codeDirectory = codeDirectory
        self.agents = agents
        self.tools = tools
        self.system = system
        self.settle = settle
    }

    /// Decodes a plan; a host that knows of no options means the usual ones.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        hostName = try values.decode(String.self, forKey: .hostName)
        user = try values.decode(String.self, forKey: .user)
        codeDirectory = try values.decode(String.self, forKey: .codeDirectory)
        agents = try values.decode(AgentPolicy.self, forKey: .agents)
        tools = try values.decode([Tool].self, forKey: .tools)
        system = try values.decodeIfPresent(SystemOptions.self, forKey: .system) ?? SystemOptions()
        settle = try values.decodeIfPresent(Settle.self, forKey: .settle)
    }

    func check() throws(Refusal) {
        try GuestPath.check(codeDirectory)
        try AccountName.check(user)
        try agents.check()
        guard tools.count <= Tool.most, Set(tools.map(\.name)).count == tools.count else {
            throw Refusal("more than \(Tool.most) tools, or two of one name")
        }
        for tool in tools { try tool.checkOwn() }
        try system.check()
        try settle?.check()
    }
}

/// What `provision` came to.
public struct Provisioned: Hashable, Codable, Sendable {
    /// The steps that had something to do.
    public var changes: [String]
    /// The absolute path of the code directory.
    public var codeDirectory: String
    /// What the person should know, a sentence each, such as a locale the VM does not have.
    public var notes: [String]
    /// How many sessions of agents run; absent when that was not looked at.
    public var sessions: Int?
    /// What the host would ask for next; absent when that was not looked at.
    public var known: Known?
    /// What came after units; absent when that was not asked for.
    public var settled: Settled?

    /// What else a VM that was set up says of itself.
    public struct Known: Hashable, Codable, Sendable {
        /// As `unitRecords` says it.
        public var records: [UnitRecord]
        /// As `remoteLogin` says it.
        public var login: RemoteLogin?
        /// Why there is no login.
        public var loginTrouble: Refusal?

        /// What is known.
        public init(records: [UnitRecord], login: RemoteLogin? = nil, loginTrouble: Refusal? = nil) {
            self.records = records
            self.login = login
            self.loginTrouble = loginTrouble
        }
    }

    /// An outcome.
    public init(
        changes: [String],
        codeDirectory: String,
        notes: [String] = [],
        sessions: Int? = nil,
        known: Known? = nil,
        settled: Settled? = nil
    ) {
        self.changes = changes
        self.codeDirectory = codeDirectory
        self.notes = notes
        self.sessions = sessions
        self.known = known
        self.settled = settled
    }

    /// Decodes an outcome; a guest that writes no notes has none.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        changes = try values.decode([String].self, forKey: .changes)
        codeDirectory = try values.decode(String.self, forKey: .codeDirectory)
        notes = try values.decodeIfPresent([String].self, forKey: .notes) ?? []
        sessions = try values.decodeIfPresent(Int.self, forKey: .sessions)
        known = try values.decodeIfPresent(Known.self, forKey: .known)
        settled = try values.decodeIfPresent(Settled.self, forKey: .settled)
    }
}
