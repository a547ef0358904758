/// What in a VM is nowhere else: everything that deleting the VM would lose, as far as it could be found out.
public struct WorkReport: Hashable, Codable, Sendable {
    /// The code directory, absolute.
    public var codeDirectory: String
    /// The repositories in which something is at risk, or which could not be looked at whole.
    public var repositories: [RepositoryWork] = []
    /// How many more of these there are than fit into the report.
    public var omitted = 0
    /// How many repositories there are in all.
    public var repositoryCount = 0
    /// Files that belong to no repository.
    public var loose = Sample()
    /// What could not be looked at, and why.
    public var unknown: [String] = []
    /// The AI tools at work at this moment.
    public var sessions: [Running] = []

    /// A session of an AI tool.
    public struct Running: Hashable, Codable, Sendable {
        /// Which one.
        public var id: SessionID
        /// The tool.
        public var tool: String

        /// A session of a tool.
        public init(id: SessionID, tool: String) {
            self.id = id
            self.tool = tool
        }
    }

    /// A report of nothing yet.
    public init(codeDirectory: String) { self.codeDirectory = codeDirectory }

    /// Whether anything would be lost with the VM.
    public var isAtRisk: Bool {
        !loose.isEmpty || !sessions.isEmpty || omitted != 0 || repositories.contains(where: \.isAtRisk)
    }

    /// Whether something could not be looked at.
    public var isIncomplete: Bool { !unknown.isEmpty || repositories.contains { !$0.unknown.isEmpty } }

    /// Whether everything was looked at, and nothing would be lost.
    public var isClean: Bool { !isAtRisk && !isIncomplete }
}
