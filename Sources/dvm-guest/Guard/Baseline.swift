internal import DVMProtocol

/// The oldest session of a project that nobody has reviewed yet, when another one starts in it.
///
/// What that session planted is in the project until it ends, and the new one finds it. Were it taken for what was there
/// before, the new session could plant it again after it was taken back, and nobody would notice; or plant something worse,
/// and have it put back by us. So git's state is compared with what was there before the oldest one. A session that starts
/// later takes this over, also when the oldest one is over by then: they form a chain, which ends when none of them is left.
///
/// What a review saw whole is out of it as soon as nobody is left who could change it unseen: when every session of the
/// chain has ended and its review saw it. What people do to it then is theirs. While a session goes on, what it does
/// cannot be told from what they do, and stays compared with the oldest state.
struct Baseline: Hashable, Codable {
    /// The session before which the project was looked at.
    var session: SessionID
    /// When it started.
    var clock: ChangeClock

    /// What a session is compared with that starts when others have not been reviewed whole.
    struct Origin: Equatable {
        /// What the project had before the oldest of them.
        var before: Inventory
        var baseline: Baseline
        /// What the reviews of all of them saw whole, so that it counts as it is now: nothing while one of them is pending.
        var settled: [TreePath: UInt64]

        /// Pure; `nil` when there is none of them.
        init?(_ unreviewed: [PendingReview]) {
            guard var oldest = unreviewed.first else { return nil }
            settled = oldest.settled ?? [:]
            for pending in unreviewed.dropFirst() {
                settled = settled.filter { pending.settled?[$0.key] == $0.value }
                if !oldest.baseline.covers(pending.baseline) { oldest = pending }
            }
            before = oldest.before
            baseline = oldest.baseline
        }
    }

    /// Whether what changed since another one changed since this one, too.
    ///
    /// By the session first: what the clock says of the same moment can differ by a tick.
    func covers(_ other: Self) -> Bool { self == other || clock.started <= other.clock.started }

    /// What is kept of the sessions of a project that were not reviewed whole; `nil` when there is none.
    ///
    /// Whether they still run does not matter: what they left is there until somebody has looked.
    ///
    /// - Throws: a `Refusal` when that cannot be known, or when a session has a project in this one or around it.
    static func origin(beside site: SessionSite) throws(Refusal) -> Origin? {
        var unreviewed: [PendingReview] = []
        for session in PendingReview.sessions() + PendingReview.remainders() where session != site.agent.session {
            if let pending = try read(session), try pending.isOf(site.agent) { unreviewed.append(pending) }
        }
        return Origin(unreviewed)
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
