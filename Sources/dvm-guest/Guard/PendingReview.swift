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

    /// A directory for each such session; root's only.
    static let root: FilePath = "/var/lib/dvm/sessions"

    /// What is kept of a session.
    static func path(of session: SessionID) -> FilePath { directory(of: session).appending("review.json") }

    private static func directory(of session: SessionID) -> FilePath { root.appending(session.text) }

    /// The sessions that have one.
    static func sessions() -> [SessionID] {
        Listing.names(in: root).compactMap { try? SessionID($0) }.filter { Status.of(path(of: $0)) != nil }
    }

    /// The one of a session; nothing when there is none.
    ///
    /// - Throws: a `Refusal` when there is one that cannot be read.
    static func read(_ session: SessionID) throws(Refusal) -> Self? {
        let path = path(of: session)
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
        let text = String(decoding: try JSON.encode(self), as: UTF8.self)
        try TextFile.write(text, to: Self.path(of: agent.session), mode: .ownerReadWrite, lasting: true)
    }

    /// Removes it: the project has been reviewed, or there is none any more.
    static func drop(_ session: SessionID) {
        Removal.file(path(of: session))
        // What came of a shadow may still be there.
        Removal.directory(directory(of: session))
    }
}
