internal import DVMProtocol

/// What a walk over a project is to do; the argument of `dvm-guest access`.
struct AccessOrder: Hashable, Codable {
    var job: Job
    /// The agent's account.
    var agent: UInt32
    var agentGroup: UInt32
    /// The developer's own group.
    var group: UInt32
    /// Whether files with a secret's name stay closed to the agent.
    var hidesSecrets: Bool

    /// Each job is for files of one owner, and the process that does it is that owner: only an owner may change who gets
    /// at a file, and nobody else's rights are at stake.
    enum Job: String, Codable {
        /// Lets the agent do what the developer may: with the developer's files.
        case grant
        /// Lets the developer do what the agent may, by their group: with the agent's files.
        ///
        /// Never by an entry that names the developer: that account does not exist in the sandbox, so `cp -a` there would
        /// fail on the list it cannot write (EINVAL).
        case share
        /// Takes back what `grant` gave.
        case withdraw
    }
}

extension AccessOrder {
    /// A job in the project of a session.
    init(_ job: Job, for agent: Spawn.Agent) {
        self.job = job
        self.agent = agent.uid
        agentGroup = agent.gid
        group = agent.developerGid
        hidesSecrets = agent.policy.secrets == .hidden
    }
}

/// How a walk over a project ended; written to standard output.
enum AccessAnswer: Hashable, Codable {
    case done(AccessReport)
    case refused(Refusal)
}

/// What a walk came across, in numbers of files and directories.
struct AccessReport: Hashable, Codable {
    var seen = 0
    var changed = 0
    /// With more than one name: the other may lie outside the project, in a package store for instance.
    var linked = 0
    /// Open to nobody but their owner, and left so.
    var closed = 0
    /// With a secret's name.
    var secrets = 0
    /// Somebody else's.
    var foreign = 0
    /// Could not be opened or changed.
    var failed = 0
    /// On another file system, or behind a mount.
    var elsewhere = 0
    /// Below more directories than a walk goes down.
    var deep = 0

    /// What of it a person should know when the agent is to work in the project.
    var notes: [SessionNote] {
        let told: [(count: Int, weight: SessionNote.Weight, text: String)] = [
            (closed, .notice, "open to their owner only (mode 0600 or 0700) and stay closed to the agent"),
            (
                linked, .notice,
                "files with more than one name (hard links), which the agent can change only as others can"
            ),
            (failed, .warning, "could not be opened or changed, so the agent may not get at them"),
            (elsewhere, .notice, "on another file system, which the agent does not see"),
            (deep, .warning, "more than \(AccessWalk.mostLevels) directories deep, and left as they are"),
        ]
        return told.filter { $0.count > 0 }.map { SessionNote($0.weight, "in the project: \($0.count) \($0.text)") }
    }
}
