/// What a VM's configuration says about its agents: how they get at the project, what they reach, how much they use.
///
/// Decided on the host, kept by the guest, and the same for every session of the VM.
public struct AgentPolicy: Hashable, Codable, Sendable {
    /// How the project's files become the agent's.
    public var access = Access.automatic
    /// Which system calls it has.
    public var systemCalls = SystemCalls.standard
    /// What it may do to the project's `.git`.
    public var git = Git.guarded
    /// Whether secrets in the project appear empty.
    public var secrets = Secrets.hidden
    /// What it reaches.
    public var network = NetworkPolicy()
    /// Paths of the project that stay read-only, beside those that always do.
    public var protected: [ProjectPath] = []
    /// Paths in the VM that are closed to the agent's account, beside those that always are: absolute, or `~/…` for the
    /// home of the user people work as.
    public var denied: [String] = []
    /// How much of the VM a session may use.
    public var limits = SessionLimits()
    /// Whether what a session shows is kept, to be played again.
    public var recorded = false
    /// Tools that ask the person before they act, by name.
    public var prompting: [String] = []

    /// The policy of a VM whose configuration says nothing.
    public init() {}

    /// How the project's files become the agent's.
    public enum Access: String, CaseIterable, Hashable, Codable, Sendable {
        /// By an idmapped mount where kernel and file system can, by an access list where not.
        case automatic = "auto"
        /// By an idmapped mount, or not at all.
        case idmap
        /// By access list entries for the agent.
        case acl
    }

    /// Which system calls an agent has.
    public enum SystemCalls: String, CaseIterable, Hashable, Codable, Sendable {
        /// Everything but what leads out of the sandbox or into little-used parts of the kernel.
        case standard = "default"
        /// Only what programs are known to need; no debuggers.
        case strict
        /// As `standard`, with namespaces and mounts for tools that make sandboxes of their own.
        case nested
    }

    /// What an agent may do to the project's `.git`.
    public enum Git: String, CaseIterable, Hashable, Codable, Sendable {
        /// Commit, with hooks and configuration pinned and what was planted undone afterwards.
        case guarded
        /// Everything, on a copy of which only commits come back.
        case shadow
        /// Read.
        case readOnly = "ro"
    }

    /// What an agent sees of secrets in the project.
    public enum Secrets: String, CaseIterable, Hashable, Codable, Sendable {
        /// Empty files.
        case hidden = "hide"
        /// Their text.
        case shown = "show"
    }
}

/// How much of a VM a session of an agent may use; what is absent follows from the size of the VM.
public struct SessionLimits: Hashable, Codable, Sendable {
    /// Bytes of memory.
    public var memory: Int?
    /// Processes and threads.
    public var tasks: Int?
    /// Hundredths of a CPU: 150 is one and a half.
    public var processorHundredths: Int?
    /// Seconds from its start to its end; without a limit when absent.
    public var seconds: Int?

    /// Limits that follow from the size of the VM.
    public init() {}
}
