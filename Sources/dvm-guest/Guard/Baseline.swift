internal import DVMProtocol

/// The oldest session of a project that nobody has reviewed yet, when another one starts in it.
///
/// What that session planted is in the project until it ends, and the new one finds it. Were it taken for what was there
/// before, the new session could plant it again after it was taken back, and nobody would notice; or plant something worse,
/// and have it put back by us. So git's state is compared with what was there before the oldest one. A session that starts
/// later takes this over, also when the oldest one is over by then: they form a chain, which ends when none of them is left.
struct Baseline: Hashable, Codable {
    /// The session before which the project was looked at.
    var session: SessionID
    /// When it started.
    var clock: ChangeClock

    /// Keeps every other session from starting in the meantime: between looking who is there and being found by others.
    ///
    /// - Throws: a `Refusal` when another one does not get done.
    static func lock() throws(Refusal) -> FileLock {
        _ = try Directories.make(PendingReview.root, mode: .ownerReadWriteExecute)
        guard let lock = try FileLock.take(PendingReview.root.appending("start.lock"), within: patience) else {
            throw Refusal(
                "another session is still looking at its project before it starts",
                hint: "try again in a minute"
            )
        }
        return lock
    }

    /// As long as the largest project takes to be looked at, with room to spare.
    private static let patience = Looking.patience + .seconds(60)

    /// What is kept of the oldest session of a project that was not reviewed yet; `nil` when there is none.
    ///
    /// Whether it still runs does not matter: what it left is there until somebody has looked.
    ///
    /// - Throws: a `Refusal` when that cannot be known, or when a session has a project in this one or around it.
    static func oldest(beside site: SessionSite) throws(Refusal) -> (before: Inventory, baseline: Self)? {
        var oldest: PendingReview?
        for session in PendingReview.sessions() + PendingReview.remainders() where session != site.agent.session {
            guard let pending = try read(session), try pending.isOf(site.agent) else { continue }
            if let found = oldest, found.baseline.clock.started <= pending.baseline.clock.started { continue }
            oldest = pending
        }
        return oldest.map { ($0.before, $0.baseline) }
    }

    private static func read(_ session: SessionID) throws(Refusal) -> PendingReview? {
        do throws(Refusal) {
            if let pending = try PendingReview.read(session) { return pending }
            return try PendingReview.remainder(session)
        } catch {
            // Of one that has ended, `Orphans` has refused this start already, if it must.
            guard SessionDirectory.isLive(session) else { return nil }
            throw Refusal(
                "what session \(session) found in its project cannot be known: \(error.message)",
                hint: "end it with `dvm sessions kill`, and start again"
            )
        }
    }
}

extension PendingReview {
    /// What git's state in `before` is that of.
    var baseline: Baseline { earlier ?? Baseline(session: agent.session, clock: clock) }

    /// Whether it is about an agent's project.
    ///
    /// - Throws: a `Refusal` when one of the projects is inside the other: what is planted in one is in both.
    fileprivate func isOf(_ other: Spawn.Agent) throws(Refusal) -> Bool {
        // The disk may have another number after a start of the VM. A path alone says less: it may lead elsewhere by now.
        if agent.project == other.project { return agent.pinned?.inode == other.pinned?.inode }
        if agent.pinned == other.pinned, SessionDirectory.isLive(agent.session) { return true }
        // Of one that was reviewed in part, what was not looked at is told; and it does not end.
        guard Status.of(Self.remainder(of: agent.session)) == nil else { return false }
        guard agent.project.hasPrefix("\(other.project)/") || other.project.hasPrefix("\(agent.project)/") else {
            return false
        }
        throw Refusal(
            "session \(agent.session) in \(agent.project) has not ended, and \(other.project) is inside it or around it",
            hint: "wait for its end, or end it with `dvm sessions kill`"
        )
    }
}
