internal import DVMProtocol

/// `/run/dvm/sessions/ID`: what root keeps of a session that runs; closed to everyone else.
final class SessionDirectory {
    static let all: FilePath = "/run/dvm/sessions"

    let session: SessionID
    private let lock: FileLock

    /// Where the directory of a session is, if it has one.
    static func path(of session: SessionID) -> FilePath { all.appending(session.text) }

    /// Where a session is attached to.
    static func socket(of session: SessionID) -> FilePath { path(of: session).appending("attach.sock") }

    /// Makes the directory of a session that starts.
    ///
    /// - Throws: a `Refusal` when there is one already, or somebody else could change it.
    init(making session: SessionID) throws(Refusal) {
        _ = try Directories.make("/run/dvm", mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
        _ = try Directories.make(Self.all, mode: .ownerReadWriteExecute)
        guard try Directories.make(Self.path(of: session), mode: .ownerReadWriteExecute) else {
            throw Refusal("there is a session \(session) already", hint: "start it again: it gets another name")
        }
        // Locked before it has its name: whoever finds it unlocked takes the session for one that is over.
        let made = Self.path(of: session).appending("lock.new")
        guard let lock = try FileLock.take(made) else {
            throw Refusal("the session \(session) is watched over already")
        }
        try Status.rename(made, to: Self.lock(of: session))
        self.session = session
        self.lock = lock
    }

    /// Writes down how the session stands, for whoever lists sessions.
    func note(_ summary: SessionSummary) throws(Refusal) {
        let text = String(decoding: try JSON.encode(summary), as: UTF8.self)
        try TextFile.write(text, to: Self.statePath(of: session), mode: .ownerReadWrite)
    }

    /// Removes it.
    func remove() { Self.remove(session) }

    /// Removes that of a session nobody watches over any more.
    static func remove(_ session: SessionID) { Removal.small(path(of: session)) }

    /// The sessions that run, and those whose processes or project `Orphans` could do nothing for; oldest first.
    static func running() -> [SessionSummary] { sessions().compactMap(state) }

    /// How a session stands, as its supervisor wrote it down last.
    static func state(of session: SessionID) -> SessionSummary? {
        guard let bytes = try? TextFile.readBytes(statePath(of: session)) else { return nil }
        guard var summary = try? JSON.decode(SessionSummary.self, from: bytes) else { return nil }
        if isOver(session) { summary.attached = nil }
        return summary
    }

    /// Those whose supervisor was killed.
    static func abandoned() -> [SessionID] { sessions().filter(isOver) }

    /// Whether somebody watches over a session, or is about to.
    static func isLive(_ session: SessionID) -> Bool { Status.of(path(of: session)) != nil && !isOver(session) }

    private static func sessions() -> [SessionID] { Listing.names(in: all).compactMap { try? SessionID($0) } }

    /// Whether nobody watches over it any more.
    ///
    /// Without a lock file it is being made at this moment.
    private static func isOver(_ session: SessionID) -> Bool {
        guard Status.of(lock(of: session)) != nil else { return false }
        guard let lock = try? FileLock.take(lock(of: session)) else { return false }
        _ = consume lock
        return true
    }

    private static func lock(of session: SessionID) -> FilePath { path(of: session).appending("lock") }
    private static func statePath(of session: SessionID) -> FilePath { path(of: session).appending("state.json") }
}
