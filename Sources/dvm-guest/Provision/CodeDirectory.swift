internal import DVMProtocol

/// The directory that the project is in.
enum CodeDirectory {
    /// The short name of the project outside the sandbox, and its place inside.
    static let link: FilePath = "/workspace"

    /// Makes the directory where it is missing, and the link to it.
    ///
    /// - Throws: a `Refusal` when something else is in its place.
    static func make(_ path: String, for developer: Accounts.Account) throws(Refusal) -> Bool {
        var changed = false
        if path.hasPrefix(developer.home + "/") {
            let present = Status.of(FilePath(path))
            changed = present == nil
            if present?.isDirectory != true {
                // As its owner: root makes nothing where the developer can swap a directory for a link.
                let made = try Entering.asDeveloper(developer, ["/bin/mkdir", "-p", "--", path])
                guard made.exit == .exited(0) else {
                    throw Refusal(
                        "the code directory \(path) could not be made",
                        hint: "look at what is in its place with `dvm ssh`"
                    )
                }
            }
        } else {
            changed = try Directories.make(
                FilePath(path),
                mode: [.ownerReadWriteExecute, .groupReadExecute],
                owner: developer.uid,
                group: developer.gid
            )
        }
        return try pointLink(at: path) || changed
    }

    private static func pointLink(at path: String) throws(Refusal) -> Bool {
        if let present = Status.of(link) {
            guard present.isSymbolicLink else {
                throw Refusal(
                    "\(link) in the VM is not dvm's link to the project",
                    hint: "move it away, then run `dvm sync` again"
                )
            }
            if Link.target(of: link) == path { return false }
        }
        try Link.make(link, to: path)
        return true
    }
}
