internal import DVMProtocol

/// What a fresh `dvm-guest enter` is to become: the one value that passes from `serve`, which moves bytes, to `enter`,
/// which gives up rights.
///
/// It travels as the payload of an `open` frame on descriptor 3, never in arguments or environment, which every user of
/// the VM can read. On the same descriptor `enter` answers with `opened` just before the program replaces it (end of file
/// then means that it runs), or with `refused`.
struct Spawn: Hashable, Codable {
    /// The program and its arguments; the program is an absolute path or is looked up in the environment's `PATH`.
    var words: [String]
    /// Exactly the variables it gets.
    var environment: [String: String]
    /// Whether descriptors 0, 1 and 2 are a terminal that becomes its controlling one.
    var terminal: Bool
    /// Whose rights it keeps.
    var confinement: Confinement

    enum Confinement: Hashable, Codable {
        /// The VM's root, for what sets it up and for its journal; never for what a project or an agent chose.
        case root(Root)
        /// The account people work as, with everything a login would have.
        case developer(Developer)
        /// The agent in its sandbox.
        case agent(Agent)
    }

    struct Root: Hashable, Codable {
        /// Where it starts; `/` when that cannot be entered.
        var directory: String
    }

    struct Developer: Hashable, Codable {
        var uid: UInt32
        var gid: UInt32
        /// Supplementary groups.
        var groups: [UInt32]
        /// Where it starts; `home` when that cannot be entered.
        var directory: String
        var home: String
        /// Whether it is killed when the process that started it dies; a person's own programs are not.
        var isBound = false
        /// What it may take, where it works on what a stranger made.
        var limits: Limits?
    }

    /// The most a process may take, each that it starts included.
    struct Limits: Hashable, Codable {
        /// Bytes of memory of its own.
        var memory: Int
        /// Seconds of the processor.
        var seconds: Int
        /// Bytes of the largest file it writes.
        var fileSize: Int
    }

    struct Agent: Hashable, Codable {
        var uid: UInt32
        var gid: UInt32
        /// Who owns the project outside the sandbox; shown as the agent inside.
        var developerUid: UInt32
        var developerGid: UInt32
        /// The developer's home: must not be the project.
        var developerHome: String
        /// The project, an absolute path without links.
        var project: String
        /// Which directory that is, where the session's supervisor has looked it up.
        var pinned: FileIdentity?
        /// The tool's home: inside a new and empty one, outside a directory of root's with what outlives the session.
        var home: String
        /// Where in the project it starts, relative to it; empty for its top.
        var directory: String
        /// Which session it is; names its directory below `/run/dvm/sessions`, its cgroup and its record.
        var session: SessionID
        /// Which tool it runs.
        var tool: String
        /// What the VM's configuration says about agents.
        var policy: AgentPolicy
        /// Where the tool's program may be, best first; the order's own word counts when it is none of these.
        var programs: [String] = []
        /// The directories of its home that outlive the session, relative to it.
        var state: [String] = []
        /// Texts of files below `/etc` that exist for this tool only, by path.
        var files: [String: String] = [:]
        /// Bytes of the largest file that it writes; no limit of its own when absent.
        var largestFile: Int?
        /// The servers of the tool, as `DVM_AI_HOSTS` has hosts.
        var domains: [String] = []
        /// The number of the network namespace that was made for it and that `enter` is started in; where there is none,
        /// `enter` makes one.
        var network: UInt64?
    }
}
