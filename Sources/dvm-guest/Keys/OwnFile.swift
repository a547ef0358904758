internal import DVMProtocol
internal import Glibc

/// A file in the `.ssh` of this process's user, which is the directory this process is in.
struct OwnFile {
    let name: String

    init(_ name: String) { self.name = name }

    /// What people call it.
    var shown: String { "~/.ssh/\(name)" }

    private var path: FilePath { FilePath(name) }

    /// What is there: nothing, or a file of this user's that is no link.
    ///
    /// - Throws: a `Refusal` when it is anything else.
    func status() throws(Refusal) -> Status? {
        guard try Status.exists(path), let status = Status.of(path) else { return nil }
        try check(status)
        return status
    }

    /// The bytes of the file, at most 1 MiB.
    ///
    /// - Throws: a `Refusal` when it is not there, cannot be read or is no file of this user's.
    func bytes() throws(Refusal) -> [UInt8] {
        let options: FileDescriptor.OpenOptions = [.noFollow, .nonBlocking, .closeOnExec]
        do {
            let file = OwnedDescriptor(try FileDescriptor.open(path, .readOnly, options: options))
            try check(try Status.of(file.raw, called: shown))
            let limit = 1 << 20
            if let bytes = ProjectTree.read(file.raw, atMost: limit), bytes.count < limit { return bytes }
            throw Refusal("\(shown) in the VM is larger than 1 MiB", hint: "look at it with `dvm sh`")
        } catch let error as Refusal {
            throw error
        } catch {
            throw Refusal(
                "\(shown) in the VM cannot be read: \(error)",
                hint: "in the VM (`dvm sh`), `chmod 600 \(shown)` gives it back to its owner"
            )
        }
    }

    /// Replaces the file, so that a reader sees the old bytes or the new, never half.
    ///
    /// - Returns: whether it was another one before.
    /// - Throws: a `Refusal` when there is something else than a file of this user's, or no room.
    @discardableResult
    func write(_ bytes: [UInt8], mode: FilePermissions) throws(Refusal) -> Bool {
        let present = try status()
        // One that cannot be read is another one.
        if present?.permissions == mode, let present = try? self.bytes(), present == bytes { return false }
        let new = Self.unused()
        defer { new.remove() }
        do {
            let file = OwnedDescriptor(
                try FileDescriptor.open(
                    new.path,
                    .writeOnly,
                    options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
                    permissions: .ownerReadWrite
                )
            )
            try file.raw.writeAll(bytes)
            try Status.change(mode, of: file.raw, called: path)
            try Status.flush(file.raw, called: path)
        } catch let error as Refusal {
            throw error
        } catch {
            throw Refusal(
                "\(shown) in the VM cannot be written: \(error)",
                hint: "is the VM's disk full? `dvm sh` and `df -h ~` show it"
            )
        }
        try new.rename(to: self)
        return true
    }

    /// A name that nothing has.
    static func unused() -> Self { Self("\(unfinished)\(UInt64.random(in: .min ... .max))") }

    /// How such names begin.
    static let unfinished = ".dvm-new-"

    /// Puts it in the place of another.
    func rename(to other: Self) throws(Refusal) { try Status.rename(path, to: other.path) }

    /// Removes it, if it is there.
    func remove() { Removal.file(path) }

    /// Closes a file of this user's to others.
    func close() throws(Refusal) {
        // Its owner may change it, and perhaps not read it: by its name, in a directory that only they can write. A link
        // that came to be there leads to nothing that they could not close themselves.
        try call("closing \(shown)") { unsafe chmod(name, 0o600) }
    }

    private func check(_ status: Status) throws(Refusal) {
        guard status.isRegular, status.uid == getuid() else {
            throw Refusal(
                "\(shown) in the VM is not a file of the user’s own",
                hint: "look at it with `dvm sh`, and move it away"
            )
        }
    }
}
