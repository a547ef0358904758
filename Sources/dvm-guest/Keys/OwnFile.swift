internal import DVMProtocol
internal import Glibc

/// Files in the home of this process's user.
enum OwnFile {
    /// Replaces a file, so that a reader sees the old text or the new, never half.
    ///
    /// - Returns: whether it had another text before.
    /// - Throws: a `Refusal` when there is something else than a file of this user's.
    @discardableResult
    static func write(_ text: String, to path: FilePath, mode: FilePermissions) throws(Refusal) -> Bool {
        if let status = try check(path) {
            if try TextFile.read(path) == text, status.permissions == mode { return false }
        }
        let new = unused(path)
        do throws(Refusal) {
            try TemporaryDirectory.write(Array(text.utf8), to: new, mode: mode)
            try Status.rename(new, to: path)
        } catch {
            Removal.file(new)
            throw error
        }
        return true
    }

    /// What is at a path: nothing, or a file of this user's that is no link.
    ///
    /// - Throws: a `Refusal` when it is anything else.
    static func check(_ path: FilePath) throws(Refusal) -> Status? {
        guard try Status.exists(path), let status = Status.of(path) else { return nil }
        guard status.isRegular, status.uid == getuid() else {
            throw Refusal(
                "\(path) in the VM is not a file of the user’s own",
                hint: "look at it with `dvm sh`, and move it away"
            )
        }
        return status
    }

    /// A name in the same directory that nothing has.
    static func unused(_ path: FilePath) -> FilePath {
        path.removingLastComponent().appending(".dvm-new-\(UInt64.random(in: .min ... .max))")
    }

    /// Makes a directory that is closed to others, or closes it.
    ///
    /// - Throws: a `Refusal` when it is something else or somebody else's.
    static func closedDirectory(_ path: FilePath) throws(Refusal) {
        if try !Status.exists(path) { try TemporaryDirectory.makeDirectory(path) }
        let directory = try Directories.openOwned(path, by: getuid())
        let status = try Status.of(directory.raw, called: "\(path)")
        guard status.mode & 0o077 != 0 else { return }
        try call("closing \(path)") { unsafe chmod("/proc/self/fd/\(directory.raw.rawValue)", 0o700) }
    }

    /// Closes a file of this user's to others.
    static func close(_ path: FilePath) throws(Refusal) {
        do {
            let file = OwnedDescriptor(
                try FileDescriptor.open(path, .readOnly, options: [.noFollow, .nonBlocking, .closeOnExec])
            )
            try Status.change(.ownerReadWrite, of: file.raw, called: path)
        } catch let error as Refusal {
            throw error
        } catch {
            // One that its owner may not even read: by its name, in a directory that is only theirs.
            try call("closing \(path)") { unsafe path.withPlatformString { unsafe chmod($0, 0o600) } }
        }
    }
}
