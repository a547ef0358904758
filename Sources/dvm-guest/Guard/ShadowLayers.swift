internal import DVMProtocol

/// Where the changes of a shadowed git directory are kept: below a directory of root's, named after the session.
struct ShadowLayers {
    let directory: FilePath

    init(_ session: SessionID) { directory = PendingReview.root.appending(session.text).appending("git") }

    /// What the agent changed.
    var upper: FilePath { directory.appending("upper") }
    /// What overlayfs needs for itself.
    var work: FilePath { directory.appending("work") }
    /// What comes out of the shadow: commits, as git packs them up.
    var bundle: FilePath { directory.appending("bundle") }

    /// Makes the directories.
    ///
    /// - Throws: a `Refusal` when one of them is not root's alone.
    func make(for agent: Spawn.Agent) throws(Refusal) {
        _ = try Directories.make(PendingReview.root, mode: .ownerReadWriteExecute)
        _ = try Directories.make(directory, mode: .ownerReadWriteExecute)
        // The overlay's own top has the owner and mode of this one.
        _ = try Directories.make(
            upper,
            mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute],
            owner: agent.uid,
            group: agent.gid
        )
        _ = try Directories.make(work, mode: .ownerReadWriteExecute)
    }

    /// Removes what was kept: by a program that follows no link, in a directory only root can enter.
    func remove() throws(Refusal) { try Run.program(["rm", "-rf", "--one-file-system", "--", "\(directory)"]) }
}
