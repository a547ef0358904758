internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Access lists of files, by descriptor only: a path could mean another file by the time it is used.
extension AccessList {
    /// Which of a file's lists.
    enum Kind: String {
        /// The one that says who may use the file.
        case access = "system.posix_acl_access"
        /// The one that files made in a directory begin with.
        case inherited = "system.posix_acl_default"
    }

    /// More than any list the kernel keeps: ext4 and xfs have room for fewer entries.
    static let mostBytes = 64 * 1024

    /// Shuts one user out of a file or directory, and leaves everybody else exactly what they have.
    ///
    /// - Parameters:
    ///   - uid: who is shut out.
    ///   - file: what from; a descriptor that needs no right to read (O_PATH).
    ///   - path: what it is called in a refusal.
    /// - Returns: whether anything had to be changed.
    /// - Throws: a `Refusal` when the file system has no access lists, or the entry is not there afterwards.
    @discardableResult
    static func deny(uid: UInt32, on file: FileDescriptor, path: String) throws(Refusal) -> Bool {
        let present = try read(file, path)
        let wanted = present.denying(uid)
        guard wanted != present else { return false }
        try wanted.write(file, path)
        guard try read(file, path) == wanted else {
            throw Refusal("the access list of \(path) is not what was written to it")
        }
        return true
    }

    /// The list of a file; one made of its mode when it has none.
    ///
    /// - Throws: a `Refusal` when it cannot be read, or the file system has no lists.
    static func read(_ file: FileDescriptor, _ path: String) throws(Refusal) -> Self {
        guard let list = try readIfAny(file, path) else { throw refusal(.notSupported, path) }
        return list
    }

    /// The list of a file, as above; nothing on a file system that has none.
    ///
    /// - Throws: a `Refusal` when there may be one and it cannot be read.
    static func readIfAny(_ file: FileDescriptor, _ path: String) throws(Refusal) -> Self? {
        var buffer = [UInt8](repeating: 0, count: mostBytes)
        let count = unsafe dvm_get_attribute(file.rawValue, Kind.access.rawValue, &buffer, buffer.count)
        guard count >= 0 else {
            let error = Errno(rawValue: errno)
            if error == .notSupported || error == .noFunction { return nil }
            guard errno == ENODATA else { throw refusal(error, path) }
            return Self(mode: UInt32(try Status.of(file, called: path).mode))
        }
        guard let list = Self(bytes: buffer.prefix(count)) else {
            throw Refusal("the access list of \(path) has an entry of an unknown kind")
        }
        return list
    }

    private func write(_ file: FileDescriptor, _ path: String) throws(Refusal) {
        let bytes = bytes
        guard unsafe dvm_set_attribute(file.rawValue, Kind.access.rawValue, bytes, bytes.count) == 0 else {
            throw Self.refusal(Errno(rawValue: errno), path)
        }
    }

    /// What most often is behind a failure, and what to do about it.
    private static func remedy(_ error: Errno) -> String? {
        switch error {
        case .notPermitted:
            "only its owner can change it, and nobody as long as it is marked immutable: look at it with `ls -ld` and "
                + "`lsattr -d` in the VM"
        case .readOnlyFileSystem:
            "it is mounted read-only in the VM: close it with `chmod go-rwx` where it is mounted from"
        case .noSpace, .diskQuotaExceeded: "make room on the disk it is on in the VM"
        default: nil
        }
    }

    /// Why a list cannot be read or changed.
    static func refusal(_ error: Errno, _ path: String) -> Refusal {
        guard error == .notSupported || error == .noFunction else {
            return Refusal("the access list of \(path) cannot be changed: \(error)", hint: remedy(error))
        }
        return Refusal(
            "the file system of \(path) has no access lists",
            hint: "put it on ext4, xfs or btrfs mounted with the option acl, which is the default"
        )
    }
}
