internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Directories opened and made without trusting a path twice.
enum Directories {
    /// A directory, not a link to one, that belongs to a user.
    ///
    /// - Throws: a `Refusal` when it is something else or somebody else's.
    static func openOwned(_ path: FilePath, by uid: UInt32) throws(Refusal) -> OwnedDescriptor {
        let directory = OwnedDescriptor(
            FileDescriptor(
                rawValue: try call("opening \(path)") {
                    unsafe path.withPlatformString {
                        unsafe Glibc.open($0, dvm_o_path | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                    }
                }
            )
        )
        let status = try Status.of(directory.raw, called: "\(path)")
        guard status.uid == uid else {
            throw Refusal(
                "\(path) belongs to uid \(status.uid), not to uid \(uid)",
                hint: "give it back with chown in the VM"
            )
        }
        return directory
    }

    /// Makes a user's directory root's, closed to writers; what is in it stays whose it is.
    ///
    /// - Throws: a `Refusal` when it is not that user's any more.
    static func takeOver(_ path: FilePath, from uid: UInt32) throws(Refusal) {
        let directory = try openOwned(path, by: uid)
        // A descriptor that only stands for a place cannot be changed itself; its name in /proc is no link that could lead
        // elsewhere.
        let place = "/proc/self/fd/\(directory.raw.rawValue)"
        try call("taking \(path) over") { unsafe chown(place, 0, 0) }
        try call("setting the mode of \(path)") { unsafe chmod(place, 0o755) }
    }

    /// Waits until what was done in a directory of root's is on the disk, or everything on its file system.
    static func flush(_ path: FilePath, wholeFileSystem: Bool = false) throws(Refusal) {
        let raw = try call("opening \(path)") {
            unsafe path.withPlatformString { unsafe Glibc.open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        }
        let directory = OwnedDescriptor(FileDescriptor(rawValue: raw))
        guard wholeFileSystem else { return try Status.flush(directory.raw, called: path) }
        try call("writing everything to the disk") { dvm_flush_file_system(directory.raw.rawValue) }
    }

    /// What is in a directory of root's, as paths; nothing where there is none.
    ///
    /// - Throws: a `Refusal` when it cannot be listed.
    static func entries(_ path: FilePath) throws(Refusal) -> [FilePath] {
        guard try Status.exists(path) else { return [] }
        do {
            return try Listing.read(path).map { path.appending($0) }
        } catch {
            throw Refusal("\(path) cannot be listed: \(error)")
        }
    }

    /// Whose directory one of root's may be made in.
    enum Parent: Equatable {
        case rootAlone
        /// Root's and one that a group of the system's may write, such as Ubuntu's `/var/log`, which is open to `syslog`;
        /// `not` is the group of the people in the VM.
        ///
        /// Who is in that group can rename what is in there, and so take the directory away. They can neither change what
        /// is in it nor lead root elsewhere, as long as root goes on by descriptor. The one account in the group writes
        /// the system's logs, and is not the agent's.
        case systemGroup(not: UInt32)

        func allows(_ parent: Status) -> Bool {
            guard parent.uid == 0 else { return false }
            guard parent.isWritableByOthers else { return true }
            guard case .systemGroup(let people) = self else { return false }
            return parent.mode & 0o002 == 0 && parent.gid < 1000 && parent.gid != people
        }
    }

    /// Makes a directory of root's, and those above it, where they are missing; nobody else may be able to replace a part.
    ///
    /// - Returns: whether the last one was made.
    /// - Throws: a `Refusal` that names the part that is a link, a file or in other hands.
    static func make(_ path: FilePath, mode: FilePermissions, owner: UInt32 = 0, group: UInt32 = 0) throws(Refusal)
        -> Bool
    {
        var made = false
        _ = try open(making: path, mode: mode, owner: owner, group: group, beside: .rootAlone, &made)
        return made
    }

    /// As above, and the directory itself.
    ///
    /// - Parameters:
    ///   - path: the directory.
    ///   - mode: its mode.
    ///   - group: its group.
    ///   - parent: what the last directory above it may be.
    /// - Returns: the directory, to be gone on with.
    /// - Throws: a `Refusal` as above.
    static func open(making path: FilePath, mode: FilePermissions, group: UInt32, beside parent: Parent) throws(Refusal)
        -> OwnedDescriptor
    {
        var made = false
        return try open(making: path, mode: mode, owner: 0, group: group, beside: parent, &made)
    }

    private static func open(
        making path: FilePath,
        mode: FilePermissions,
        owner: UInt32,
        group: UInt32,
        beside allowed: Parent,
        _ made: inout Bool
    ) throws(Refusal) -> OwnedDescriptor {
        var current = OwnedDescriptor(
            FileDescriptor(
                rawValue: try call("opening /") { unsafe Glibc.open("/", dvm_o_path | O_DIRECTORY | O_CLOEXEC) }
            )
        )
        var reached: FilePath = "/"
        let parts = Array(path.components)
        for (index, part) in parts.enumerated() {
            let last = index == parts.count - 1
            let parent = try Status.of(current.raw, called: "\(reached)")
            guard (last ? allowed : .rootAlone).allows(parent) else {
                throw Refusal("\(reached) can be changed by others than root, so dvm makes nothing for root below it")
            }
            reached.append(part)
            let name = part.string
            made = unsafe mkdirat(current.raw.rawValue, name, 0o700) == 0
            guard made || errno == EEXIST else { throw Refusal("making \(reached): \(Errno(rawValue: errno))") }
            let next = OwnedDescriptor(
                FileDescriptor(
                    rawValue: try call("opening \(reached)") {
                        unsafe openat(current.raw.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                    }
                )
            )
            if last {
                let status = try Status.of(next.raw, called: "\(reached)")
                guard made || status.uid == owner else {
                    throw Refusal("\(reached) belongs to uid \(status.uid), not to uid \(owner)")
                }
                try call("giving \(reached) to its owner") { fchown(next.raw.rawValue, owner, group) }
                if made || status.permissions != mode { try Status.change(mode, of: next.raw, called: reached) }
            } else if made {
                try Status.change(
                    [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute],
                    of: next.raw,
                    called: reached
                )
            }
            current = next
        }
        return current
    }
}
