internal import DVMProtocol
internal import Glibc

/// What is remembered of a project before a session, and compared and taken back after it.
struct ProjectGuard: ~Copyable {
    private let agent: Spawn.Agent
    private let project: PinnedDirectory
    private let before: Inventory
    private let clock: ChangeClock
    private let shadow: ShadowTransfer?
    /// How many files changed, and how many of them are programs; known after the end.
    private(set) var changed = (files: 0, executables: 0)

    /// Looks at the project, which no process of the session has touched yet.
    ///
    /// - Throws: a `Refusal` when it cannot be looked at.
    static func make(for agent: Spawn.Agent) throws(Refusal) -> Self {
        let project = try Project.pin(agent)
        // Read before anything is looked at: what changes meanwhile counts as changed.
        let clock = ChangeClock()
        let order = Surveyor.Order(agent)
        let before: Inventory = try Looking.ask(.inventory(order), project.descriptor.raw, agent)
        let shadow = try agent.policy.git == .shadow ? ShadowTransfer.prepare(before.main, agent) : nil
        return Self(agent: agent, project: project, before: before, clock: clock, shadow: shadow)
    }

    private init(
        agent: Spawn.Agent,
        project: consuming PinnedDirectory,
        before: Inventory,
        clock: ChangeClock,
        shadow: ShadowTransfer?
    ) {
        self.agent = agent
        self.project = project
        self.before = before
        self.clock = clock
        self.shadow = shadow
    }

    /// Takes back what was planted, and says what a person should know.
    ///
    /// The session must have ended: no process of it may be left to plant it again.
    mutating func end() -> [SessionNote] {
        let order = Reviewer.Order(
            rules: Surveyor.Order(agent),
            before: before,
            started: clock.started,
            suffix: ".dvm-\(agent.session)"
        )
        do throws(Refusal) {
            let findings: Findings = try Looking.ask(.review(order), project.descriptor.raw, agent)
            changed = (findings.changedCount, findings.executableCount)
            // After the review: git runs here, and nothing planted may be left for it to find.
            return findings.notes + (shadow?.end() ?? [])
        } catch {
            let text = "what the session left in the project could not be looked at: \(error.message)"
            return [SessionNote(.warning, text)] + (shadow?.end() ?? [])
        }
    }
}

/// The clock the kernel dates changes of files with, remembered at a moment.
struct ChangeClock {
    private let wall = Self.read(CLOCK_REALTIME_COARSE)
    private let steady = Self.read(CLOCK_BOOTTIME)

    /// That moment, by the clock as it is now: it may have been set back since.
    var started: Int {
        let behind = (Self.read(CLOCK_BOOTTIME) - steady) - (Self.read(CLOCK_REALTIME_COARSE) - wall)
        // Less is the coarseness of the clock.
        return behind > 100_000_000 ? wall - behind : wall
    }

    private static func read(_ clock: clockid_t) -> Int {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
