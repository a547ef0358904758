internal import DVMProtocol

/// What is remembered of a project before a session, and compared and taken back after it.
final class ProjectGuard: SessionPart {
    private let site: SessionSite
    private let before: Inventory
    private let clock: ChangeClock
    /// Before which session git's state was as `before` has it; absent when that is this one.
    private let earlier: Baseline?
    private let shadow: ShadowTransfer?
    /// What was changed; once it was looked at.
    private(set) var facts = SessionFacts()

    /// Looks at the project, which no process of the session has touched yet.
    ///
    /// - Throws: a `Refusal` when it cannot be looked at.
    static func make(at site: SessionSite) throws(Refusal) -> Self { try Self(site) }

    private init(_ site: SessionSite) throws(Refusal) {
        // Read before anything is looked at: what changes meanwhile counts as changed.
        clock = ChangeClock()
        // Until this session can be found: one that starts and ends meanwhile would be overlooked.
        let lock = try StartLock.take(at: site)
        // Before the project is looked at: what is reviewed after that is still in what is found there.
        let origin = try Baseline.origin(beside: site)
        before = try Self.look(at: site, since: origin)
        earlier = origin?.baseline
        // It travels back in a frame when the session has ended, when it would be too late to find out that it does not.
        guard Self.fits(before) else {
            throw Refusal(
                "the git repositories of the project have more state than can be compared after a session",
                hint: "look at skip-worktree and assume-unchanged files and at .git files with very long names in it"
            )
        }
        shadow =
            try site.agent.policy.git == .shadow
            ? ShadowTransfer.prepare(before.main, site.agent, in: site.group) : nil
        self.site = site
        // Last, and before the session's first step: from here on there is something to review, whatever happens to us.
        let position = shadow?.before
        try PendingReview(agent: site.agent, before: before, clock: clock, earlier: earlier, position: position).keep()
        do throws(Refusal) {
            // Asked again, now that others find this one: what starts in a directory of the project has a lock of its own.
            _ = try Baseline.origin(beside: site)
        } catch {
            if shadow != nil { try? ShadowLayers(site.agent.session).remove() }
            PendingReview.drop(site.agent.session)
            throw error
        }
        _ = consume lock
    }

    /// What the project has, with git's state as it was before the oldest session that is to be reviewed.
    private static func look(at site: SessionSite, since origin: Baseline.Origin?) throws(Refusal) -> Inventory {
        let settled = origin?.settled ?? [:]
        let order = Inventory.Order(rules: Surveyor.Order(site.agent), settled: settled)
        var found: Inventory = try Looking.ask(.inventory(order), at: site)
        found.renewed = found.renewed?.intersection(settled.keys)
        guard let origin else { return found }
        let before = found.withGit(of: origin.before)
        if fits(before) { return before }
        // Older and newer state may be more than either is.
        found.renewed = nil
        return found.withGit(of: origin.before)
    }

    private static func fits(_ inventory: Inventory) -> Bool {
        guard let size = try? JSON.encode(inventory).count else { return false }
        return size < Frame.largestPayload - 16 * 1024
    }

    /// The guard of a session that has ended without its review; `nil` when another directory is where its project was.
    ///
    /// - Throws: a `Refusal` when its project cannot be had.
    init?(of pending: PendingReview, in group: ControlGroup) throws(Refusal) {
        var agent = pending.agent
        let pinned = agent.pinned?.inode
        // By its number alone: that of the disk may be another after a start of the VM.
        agent.pinned = nil
        let site = try SessionSite(of: agent, in: group)
        guard site.project.status.inode == pinned else { return nil }
        self.site = site
        before = pending.before
        clock = pending.clock
        earlier = pending.earlier
        shadow = pending.position.flatMap {
            ShadowTransfer(of: pending.before.main, site.agent, in: site.group, before: $0)
        }
    }

    /// Takes back what was planted, and says what a person should know.
    ///
    /// The session must have ended: no process of it may be left to plant it again.
    func end() -> [SessionNote] {
        do throws(Refusal) {
            return try review()
        } catch {
            let text = """
                what the session left in the project could not be looked at: \(error.message); it is tried again before \
                the next session starts
                """
            return [SessionNote(.warning, text)]
        }
    }

    /// As `end`; afterwards nothing is left to be done.
    ///
    /// - Throws: a `Refusal` when the project could not be looked at, and has to be later.
    func review() throws(Refusal) -> [SessionNote] {
        // In this order: packing up runs git on a repository of the agent's, inside a sandbox of the agent's, and is as
        // good as a part of the session. Taking in runs git on the developer's, where nothing planted may be left.
        let packed = shadow?.pack(in: site.group)
        let isOver = site.group.killAll()
        let findings = try look()
        facts.files = findings.files
        let notes = notes(of: findings)
        // What cannot be ended may still change something: it is looked at again.
        guard isOver else { return notes + [SessionPlace.hanging] }
        // This one looked at what they left, too, or is kept in their place.
        PendingReview.dropRemainders(
            in: site.agent.project,
            since: earlier ?? Baseline(session: site.agent.session, clock: clock)
        )
        if !findings.passedOver.isEmpty || !findings.isWhole {
            try PendingReview.keepRemainder(of: site.agent.session, settled: findings.settled)
        }
        defer { PendingReview.drop(site.agent.session) }
        return notes + (packed.map { shadow?.takeOver($0) ?? [] } ?? [])
    }

    private func look() throws(Refusal) -> Findings {
        let order = Reviewer.Order(
            rules: Surveyor.Order(site.agent),
            before: before,
            started: clock.started,
            gitStarted: gitStarted,
            suffix: ".dvm-\(site.agent.session)"
        )
        // Its owner looks: what the agent made must be open to them first.
        if site.agent.policy.access == .acl { try ProjectAccess.share(site) }
        return try Looking.ask(.review(order), at: site)
    }

    /// Since when sessions may have changed git's state that is compared with `before`.
    private var gitStarted: Int { earlier?.clock.started ?? clock.started }

    private func notes(of findings: Findings) -> [SessionNote] {
        guard let earlier, !findings.aside.isEmpty else { return findings.notes }
        // Otherwise what they did themselves in between would seem to be the session's.
        let text =
            before.renewed == nil
            ? "git's files were compared with what was there before session \(earlier.session), which was beside it"
            : "git's files that nobody looked at after session \(earlier.session) were compared with what was there before it"
        return findings.notes + [SessionNote(.notice, text)]
    }
}
