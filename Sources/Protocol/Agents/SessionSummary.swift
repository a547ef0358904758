/// A session of an agent, running or ended: a line of the VM's record of sessions.
public struct SessionSummary: Hashable, Codable, Sendable {
    /// Which one.
    public var id: SessionID
    /// The tool.
    public var tool: String
    /// The program and its arguments, cut where they are long.
    public var words: [String]
    /// Where in the project it was started, relative to it; empty for its top.
    public var directory: String
    /// Who asked for it.
    public var asker: Asker
    /// Whether it goes on without anybody attached.
    public var detached: Bool
    /// When it started, in seconds since 1970.
    public var started: Int
    /// When it ended, in seconds since 1970; absent while it runs.
    public var ended: Int?
    /// How its program ended; absent while it runs, and when it was never started.
    public var exit: Exit?
    /// Why it was not started.
    public var refusal: String?
    /// Whether somebody is attached; for one that runs.
    public var attached: Bool?
    /// Whether it is over and what it left in the project is still to be looked at.
    public var unreviewed: Bool?
    /// What was worth telling the person.
    public var notes: [SessionNote]
    /// What it met and changed; once it has ended.
    public var facts: SessionFacts?

    /// Who asks for a session.
    public enum Asker: String, Hashable, Codable, Sendable {
        /// `dvm` on the host.
        case host
        /// The user people work as, in the VM.
        case developer
    }

    /// A session that starts.
    public init(
        id: SessionID,
        tool: String,
        words: [String],
        directory: String,
        asker: Asker,
        detached: Bool,
        started: Int
    ) {
        self.id = id
        self.tool = tool
        self.words = words
        self.directory = directory
        self.asker = asker
        self.detached = detached
        self.started = started
        notes = []
    }
}
