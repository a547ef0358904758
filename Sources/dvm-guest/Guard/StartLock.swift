internal import DVMProtocol

/// Keeps other sessions of a project from starting between looking who is there and being found by others.
///
/// Each project has a lock of its own: how long it takes to look through one is for its agent to choose.
enum StartLock {
    /// Below `/run`: directories have other numbers after a start of the VM.
    private static let directory: FilePath = "/run/dvm/starts"

    static func path(of project: FileIdentity) -> FilePath {
        directory.appending("\(project.device)-\(project.inode).lock")
    }

    /// Takes the lock of a session's project.
    ///
    /// Who waits longer than a moment is told for what.
    ///
    /// - Throws: a `Refusal` when another session does not get done.
    static func take(at site: SessionSite) throws(Refusal) -> FileLock {
        _ = try Directories.make("/run/dvm", mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
        _ = try Directories.make(directory, mode: .ownerReadWriteExecute)
        let path = path(of: FileIdentity(site.project.status))
        if let lock = try FileLock.take(path, within: .seconds(1)) { return lock }
        let text = """
            waiting for another session that starts in \(site.agent.project): before that, the project is looked through, \
            which takes minutes when there are millions of files in it
            """
        site.tell(SessionNote(.notice, text))
        guard let lock = try FileLock.take(path, within: patience) else {
            throw Refusal(
                "another session is still looking at the project \(site.agent.project) before it starts",
                hint: "try again in a minute, or remove files that do not belong in the project"
            )
        }
        return lock
    }

    /// As long as the largest project takes to be looked at, with room to spare.
    private static let patience = Looking.patience + .seconds(60)
}
