internal import DVMProtocol

/// What it takes to review a project after a session, on disk from before the session's first step until it was done.
///
/// Whoever comes after a supervisor that was killed, a VM that was switched off or a review that failed finds it. So not
/// below `/run`, which is gone with the VM.
struct PendingReview: Codable {
    /// The agent, its policy saying how it gets at the project.
    var agent: Spawn.Agent
    /// What the project had before; git's state as it was before an older session that was not reviewed yet, if there was one.
    var before: Inventory
    var clock: ChangeClock
    /// That older session.
    var earlier: Baseline?
    /// Where the repository stood, for a session that has a shadow of it.
    var position: ShadowTransfer.Position?
    /// What its review saw whole, with its number in the file system; absent before there was one.
    var settled: [TreePath: UInt64]?

    /// A directory for each such session; root's only.
    static let root: FilePath = "/var/lib/dvm/sessions"

    /// What is kept of a session.
    static func path(of session: SessionID) -> FilePath { directory(of: session).appending("review.json") }

    private static func directory(of session: SessionID) -> FilePath { root.appending(session.text) }

    /// The sessions that have one.
    static func sessions() -> [SessionID] { sessions { Status.of(path(of: $0)) != nil } }

    private static func sessions(_ isOne: (SessionID) -> Bool) -> [SessionID] {
        Listing.names(in: root).compactMap { try? SessionID($0) }.filter(isOne)
    }

    /// The one of a session; nothing when there is none.
    ///
    /// - Throws: a `Refusal` when there is one that cannot be read.
    static func read(_ session: SessionID) throws(Refusal) -> Self? { try read(session, path(of: session)) }

    private static func read(_ session: SessionID, _ path: FilePath) throws(Refusal) -> Self? {
        guard try Status.exists(path) else { return nil }
        let bytes = try TextFile.readBytes(path)
        guard let pending = try? JSON.decode(Self.self, from: bytes), pending.agent.session == session else {
            throw Refusal("\(path) cannot be understood, as when another version of dvm wrote it")
        }
        return pending
    }

    /// Writes it down, so that it outlives the VM.
    ///
    /// - Throws: a `Refusal` when it cannot be kept; the session must not start then.
    func keep() throws(Refusal) {
        _ = try Directories.make(Self.root, mode: .ownerReadWriteExecute)
        _ = try Directories.make(Self.directory(of: agent.session), mode: .ownerReadWriteExecute)
        try write(to: Self.path(of: agent.session))
    }

    private func write(to path: FilePath) throws(Refusal) {
        let text = String(decoding: try JSON.encode(self), as: UTF8.self)
        try TextFile.write(text, to: path, mode: .ownerReadWrite, lasting: true)
    }

    // MARK: Reviews that were not whole

    /// What is kept of a session whose project was too large to be looked through, so that the next one is compared with
    /// what was there before this one, too.
    static func remainder(of session: SessionID) -> FilePath { directory(of: session).appending("remainder.json") }

    /// The sessions that have been reviewed in part only.
    static func remainders() -> [SessionID] { sessions { Status.of(remainder(of: $0)) != nil } }

    /// What is kept of one of those.
    ///
    /// - Throws: a `Refusal` when it cannot be read.
    static func remainder(_ session: SessionID) throws(Refusal) -> Self? { try read(session, remainder(of: session)) }

    /// A session that has been reviewed in part, for people.
    struct Remainder: Equatable {
        var session: SessionID
        /// Where its project was, when that is not there any more; then no review of a later session sees it.
        var lost: String?

        init(_ session: SessionID, lost: String?) {
            self.session = session
            self.lost = lost
        }

        /// How it stands; one that cannot be read counts for the project that is there.
        init(_ session: SessionID) {
            self.session = session
            guard let agent = (try? PendingReview.remainder(session))?.agent else { return }
            // By the number alone: that of the disk may be another after a start of the VM.
            if Status.of(FilePath(agent.project))?.inode != agent.pinned?.inode { lost = agent.project }
        }
    }

    /// Takes note that a session has been reviewed in part, and what its review saw whole.
    ///
    /// - Throws: a `Refusal` when that cannot be kept; the review is still to be done then.
    static func keepRemainder(of session: SessionID, settled: [TreePath: UInt64]) throws(Refusal) {
        guard var pending = try read(session) else { return }
        pending.settled = settled
        try pending.write(to: remainder(of: session))
        // Last: whoever is interrupted before does the review again.
        Removal.file(path(of: session))
    }

    /// Removes what is kept of sessions in a project that were reviewed in part, after a review of everything since.
    static func dropRemainders(in project: String, since baseline: Baseline) {
        for session in remainders() {
            guard let pending = try? remainder(session), pending.agent.project == project,
                baseline.covers(pending.baseline)
            else { continue }
            Removal.file(remainder(of: session))
            Removal.directory(directory(of: session))
        }
    }

    /// Removes it: the project has been reviewed, or there is none any more.
    static func drop(_ session: SessionID) {
        Removal.file(path(of: session))
        // What came of a shadow may still be there.
        Removal.directory(directory(of: session))
    }
}
