/// What a host asks of a guest when it opens a channel.
public enum Request: Hashable, Codable, Sendable {
    /// Run a program with streams or a terminal.
    case program(Program)
    /// Do something the guest knows, report progress, end with a result.
    case task(GuestTask)
    /// Take up a session of an agent that was left running.
    case attach(Attachment)

    /// Refuses what could never be carried out, before anything is made from it.
    ///
    /// - Throws: a `Refusal` that names the part.
    public func check() throws(Refusal) {
        switch self {
        case .program(let program): try program.check()
        case .task(.provision(let plan)): try plan.check()
        case .attach(let attachment): try attachment.check()
        case .task: break
        }
    }
}

/// Something the guest knows how to do by itself.
public enum GuestTask: Hashable, Codable, Sendable {
    /// Make the VM fit to work in; ends with a `Provisioned`.
    case provision(Provision)
    /// Probe every protection; ends with a `DoctorReport`.
    case doctor
    /// Try the attacks of the list as an agent would; ends with a `SelfTestReport`.
    case selfTest
    /// Look whether the code directory holds anything; ends with a `CodeDirectory`.
    case codeDirectory
    /// List the sessions of agents; ends with a list of `SessionSummary`, the ended ones too on request.
    case sessions(ended: Bool)
    /// Tell all there is about a session: ends with a `SessionSummary`, and what it showed last is the task's output.
    case sessionReport(SessionID)
    /// End a session that runs; ends with its `SessionSummary`.
    case endSession(SessionID)
}

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

    /// A plan for a VM.
    public init(
        hostName: String,
        user: String,
        codeDirectory: String,
        agents: AgentPolicy = AgentPolicy(),
        tools: [Tool] = []
    ) {
        self.hostName = hostName
        self.user = user
        self.codeDirectory = codeDirectory
        self.agents = agents
        self.tools = tools
    }

    func check() throws(Refusal) {
        try GuestPath.check(codeDirectory)
        try AccountName.check(user)
        try agents.check()
        guard tools.count <= Tool.most, Set(tools.map(\.name)).count == tools.count else {
            throw Refusal("more than \(Tool.most) tools, or two of one name")
        }
        for tool in tools { try tool.checkOwn() }
    }
}

/// What `provision` came to.
public struct Provisioned: Hashable, Codable, Sendable {
    /// The steps that had something to do.
    public var changes: [String]
    /// The absolute path of the code directory.
    public var codeDirectory: String

    /// An outcome.
    public init(changes: [String], codeDirectory: String) {
        self.changes = changes
        self.codeDirectory = codeDirectory
    }
}

/// What the code directory holds.
public struct CodeDirectory: Hashable, Codable, Sendable {
    /// Its absolute path.
    public var path: String
    /// How many entries it has, hidden ones included.
    public var entries: Int

    /// A finding.
    public init(path: String, entries: Int) {
        self.path = path
        self.entries = entries
    }
}

/// What a task is doing now.
public struct Progress: Hashable, Codable, Sendable {
    /// The step, in a few words.
    public var step: String

    /// A step.
    public init(step: String) { self.step = step }
}
