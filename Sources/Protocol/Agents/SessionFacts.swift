/// What a session met and changed, in fields; the notes say the same to people.
///
/// Names in it may be of the agent's choosing: they are made harmless where they are shown.
public struct SessionFacts: Hashable, Codable, Sendable {
    /// Limits that the session met.
    public var limits: [Limit] = []
    /// Connections that were refused, by where they were to go, in the order in which they were tried first.
    public var refusedConnections: [RefusedConnection] = []
    /// How many more there were than are listed.
    public var moreRefusedConnections = 0
    /// Whether more may have been refused than is known, because what refuses them ended before it could tell; absent
    /// otherwise.
    public var refusedConnectionsAreUnknown: Bool?
    /// System calls for which the kernel ended processes; of calls that it only refuses it keeps no word.
    public var endedBySystemCall: [SystemCall] = []
    /// Whether sessions ran beside this one, which may have made those calls: the kernel names the account and no session.
    public var systemCallsMayBeOthers = false
    /// What was changed in the project; absent when that could not be looked at.
    public var files: Files?

    /// Nothing.
    public init() {}

    /// A limit that was met.
    public struct Limit: Hashable, Codable, Sendable {
        /// What is limited.
        public enum Kind: String, Hashable, Codable, Sendable {
            /// Memory (`DVM_AI_MEMORY`): the session was ended.
            case memory
            /// Processes and threads (`DVM_AI_TASKS`): some were not started.
            case tasks
            /// Time (`DVM_AI_TIME`): the session was ended.
            case time
        }

        /// What is limited.
        public var kind: Kind
        /// How often the limit was met.
        public var times: Int

        /// A limit that was met.
        public init(_ kind: Kind, times: Int) {
            self.kind = kind
            self.times = times
        }
    }

    /// Somewhere the session could not connect to.
    public struct RefusedConnection: Hashable, Codable, Sendable {
        /// The host or address, and the port.
        public var target: String
        /// How often it was tried.
        public var times: Int
        /// Why it was refused.
        public var reason: String

        /// Somewhere the session could not connect to.
        public init(target: String, times: Int, reason: String) {
            self.target = target
            self.times = times
            self.reason = reason
        }
    }

    /// A system call for which processes were ended.
    public struct SystemCall: Hashable, Codable, Sendable {
        /// Whose numbering it is, such as `i386` or `x32`.
        public var architecture: String
        /// Its number there.
        public var number: UInt32
        /// How many processes were ended for it.
        public var times: Int

        /// A system call for which processes were ended.
        public init(architecture: String, number: UInt32, times: Int) {
            self.architecture = architecture
            self.number = number
            self.times = times
        }
    }

    /// What was changed in the project.
    public struct Files: Hashable, Codable, Sendable {
        /// How many files are new or changed.
        public var changed: Int
        /// How many of them can be run.
        public var executable: Int
        /// The first of those that can be run, relative to the project; without those of package directories.
        public var executables: [String]
        /// Whether the whole project was looked through.
        public var complete: Bool

        /// What was changed in the project.
        public init(changed: Int, executable: Int, executables: [String], complete: Bool) {
            self.changed = changed
            self.executable = executable
            self.executables = executables
            self.complete = complete
        }
    }

    /// The most entries of a list: a session can make any number, and a line of the record must stay one.
    public static let most = 32

    /// Takes in what another part of the session's surroundings knows.
    public mutating func add(_ other: Self) {
        limits += other.limits
        refusedConnections += other.refusedConnections
        moreRefusedConnections += other.moreRefusedConnections
        refusedConnectionsAreUnknown = refusedConnectionsAreUnknown ?? other.refusedConnectionsAreUnknown
        endedBySystemCall += other.endedBySystemCall
        systemCallsMayBeOthers = systemCallsMayBeOthers || other.systemCallsMayBeOthers
        files = files ?? other.files
    }
}
