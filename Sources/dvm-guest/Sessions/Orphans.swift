internal import DVMProtocol

/// Sessions that have ended without their end.
///
/// Their supervisor was killed, the VM was switched off, or the project could not be reviewed. Whoever comes next does
/// that for them.
enum Orphans {
    /// One that nothing could be done for yet.
    struct Left {
        let session: SessionID
        /// Its project; absent when not even that can be read.
        let project: String?
        let reason: Reason

        enum Reason {
            /// Somebody else does it at the moment.
            case busy
            case failed(Refusal)
        }
    }

    /// Ends and reviews what is left in a project before a session starts there.
    ///
    /// What is left in other projects stays for their own next session: how long it takes to look through one is for its
    /// agent to choose.
    ///
    /// - Parameters:
    ///   - project: where the session is to start.
    ///   - tell: tells whoever asked for the session what it waits for.
    /// - Returns: what a person should know of it.
    /// - Throws: a `Refusal` when something unreviewed is left in that project, or is being looked at: what an agent
    ///   planted there would pass for what was there before.
    static func settle(before project: String, telling tell: (SessionNote) -> Void) throws(Refusal) -> [SessionNote] {
        let (notes, left) = settle(telling: tell) { concerns($0, project) }
        for orphan in left {
            switch orphan.reason {
            case .busy:
                throw Refusal(
                    "what session \(orphan.session) left in the project is still being looked at by somebody else",
                    hint: "try again in a minute"
                )
            case .failed(let refusal) where orphan.project ?? project == project:
                throw Refusal(
                    "what session \(orphan.session) left in the project could not be looked at: \(refusal.message)",
                    hint: [refusal.hint, "once you have looked yourself, \(remedy(orphan.session))"]
                        .compactMap(\.self).joined(separator: "; ")
                )
            case .failed: break
            }
        }
        return notes + left.map { SessionNote(.warning, "session \($0.session) of another project: \(text($0))") }
    }

    /// Ends and reviews what is left of sessions nobody watches over.
    ///
    /// - Parameters:
    ///   - tell: tells somebody what is waited for.
    ///   - isMeant: of which sessions; of all, usually.
    /// - Returns: what a person should know, and what is left.
    static func settle(
        telling tell: (SessionNote) -> Void = { _ in },
        where isMeant: (SessionID) -> Bool = { _ in true }
    ) -> (notes: [SessionNote], left: [Left]) {
        var notes: [SessionNote] = []
        var left: [Left] = []
        // Who was waited for once is not waited for again, for each session of a project.
        var busy: Set<FilePath> = []
        for session in all() where isMeant(session) {
            func leave(_ reason: Left.Reason) {
                let project = (try? PendingReview.read(session))?.agent.project
                left.append(Left(session: session, project: project, reason: reason))
            }
            do throws(Refusal) {
                let file = lockFile(of: session)
                guard let lock = try lock(file, within: busy.contains(file) ? .zero : patience, telling: tell) else {
                    busy.insert(file)
                    leave(.busy)
                    continue
                }
                // Asked again: whoever had the lock may have done it.
                if isLeft(session) {
                    let found = try settle(session)
                    notes += found.map { SessionNote($0.weight, "left by session \(session): \($0.text)") }
                }
                _ = consume lock
            } catch {
                leave(.failed(error))
            }
        }
        return (notes, left)
    }

    /// Whether what a session left may be of matter in a project: it has the same one, one inside it or around it, or
    /// nobody knows which.
    private static func concerns(_ session: SessionID, _ project: String) -> Bool {
        guard let agent = (try? PendingReview.read(session))?.agent else { return true }
        return agent.project == project || agent.project.hasPrefix("\(project)/")
            || project.hasPrefix("\(agent.project)/")
            // Under another name.
            || agent.pinned?.inode == Status.of(FilePath(project))?.inode
    }

    /// What a list of sessions says about one that is left.
    static func text(_ left: Left) -> String {
        switch left.reason {
        case .busy: "somebody else is looking at what it left in the project at the moment"
        case .failed(let refusal):
            "what it left in the project could not be looked at: \(refusal.message); \(remedy(left.session)) "
                + "once you have looked yourself"
        }
    }

    private static func remedy(_ session: SessionID) -> String {
        "remove \(PendingReview.path(of: session)) in the VM as root"
    }

    private static func all() -> [SessionID] {
        let pending = PendingReview.sessions().filter { !SessionDirectory.isLive($0) }
        return Set(pending + SessionDirectory.abandoned()).sorted()
    }

    private static func isLeft(_ session: SessionID) -> Bool { all().contains(session) }

    private static func settle(_ session: SessionID) throws(Refusal) -> [SessionNote] {
        let group = AgentGroups.of(session)
        // Its sandbox died with its supervisor; but this is what says so.
        guard group.killAll() else { throw Refusal(SessionPlace.hanging.text) }
        let (notes, facts) = try review(session)
        record(session, notes, facts)
        group.remove()
        SessionDirectory.remove(session)
        return notes
    }

    private static func review(_ session: SessionID) throws(Refusal) -> ([SessionNote], SessionFacts?) {
        guard let pending = try PendingReview.read(session) else { return ([], nil) }
        guard try Status.exists(FilePath(pending.agent.project)) else {
            PendingReview.drop(session)
            return ([SessionNote(.notice, "its project \(pending.agent.project) is gone")], nil)
        }
        let limits = pending.agent.policy.limits
        let group = try AgentGroups.make(session, limits, asked: SessionLimits())
        guard let projectGuard = try ProjectGuard(of: pending, in: group) else {
            PendingReview.drop(session)
            let text = "its project was replaced by another directory before anybody looked what it left there"
            return ([SessionNote(.warning, text)], nil)
        }
        let notes = try projectGuard.review()
        var facts = projectGuard.facts
        // Its gate ended with whoever it would have told.
        facts.refusedConnectionsAreUnknown = true
        return (notes, facts)
    }

    /// Adds to a session's record what nobody did at its end.
    private static func record(_ session: SessionID, _ notes: [SessionNote], _ facts: SessionFacts?) {
        guard var summary = SessionDirectory.state(of: session) ?? SessionLog.read().first(where: { $0.id == session }),
            let settings = try? Settings.read(), let developer = (try? Accounts.read())?[settings.user]
        else { return }
        summary.attached = nil
        summary.unreviewed = nil
        if summary.ended == nil {
            let text = "the process that watched over it was killed, or the VM was switched off"
            summary.notes.append(SessionNote(.warning, text))
        }
        summary.notes += notes
        summary.facts = summary.facts ?? facts
        _ = SessionLog(readers: developer.gid).append(summary)
    }

    /// Below `/run`: nobody holds a lock after a start of the VM.
    private static let locks: FilePath = "/run/dvm/reviews"

    /// The lock of a session's project; one for all of those without a project that anybody could look at.
    ///
    /// By the number of the project's directory alone: that of the disk may be another after a start of the VM.
    static func lockFile(of session: SessionID) -> FilePath {
        let inode = (try? PendingReview.read(session))?.agent.pinned?.inode
        return locks.appending("\(inode.map(String.init) ?? "none").lock")
    }

    /// One at a time does this in a project: two would take back from each other.
    ///
    /// Who waits longer than a moment is told for what.
    ///
    /// - Returns: nothing when somebody else does it at the moment and does not get done.
    static func lock(
        _ path: FilePath,
        within patience: Duration = patience,
        telling tell: (SessionNote) -> Void
    ) throws(Refusal) -> FileLock? {
        _ = try Directories.make("/run/dvm", mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
        _ = try Directories.make(locks, mode: .ownerReadWriteExecute)
        if let lock = try FileLock.take(path, within: min(patience, .seconds(1))) { return lock }
        guard patience > .zero else { return nil }
        tell(SessionNote(.notice, "waiting until somebody else has looked at what another session left in its project"))
        return try FileLock.take(path, within: patience)
    }

    /// As long as one project takes, with room to spare.
    static let patience = Duration.seconds(90)
}
