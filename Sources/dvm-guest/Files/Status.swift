internal import CLinux
internal import DVMProtocol
internal import Glibc

/// What the kernel says of a file, and changes to it.
struct Status {
    var mode: mode_t
    var uid: UInt32
    var gid: UInt32
    var device: UInt64
    var inode: UInt64
    /// Bytes.
    var size: Int
    /// When its contents or attributes last changed, in nanoseconds since 1970: nobody but the kernel sets it.
    var changed: Int
    /// How many names it has.
    var links: UInt64

    var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    var isSymbolicLink: Bool { mode & S_IFMT == S_IFLNK }
    var isRegular: Bool { mode & S_IFMT == S_IFREG }
    var permissions: FilePermissions { FilePermissions(rawValue: mode & 0o7777) }

    /// Whether anyone but its owner may change it.
    var isWritableByOthers: Bool { mode & 0o022 != 0 }

    private init(_ status: stat) {
        mode = status.st_mode
        uid = status.st_uid
        gid = status.st_gid
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int(status.st_size)
        changed = status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec
        links = UInt64(status.st_nlink)
    }

    /// The file at a path, a link itself and not what it points to; `nil` when there is none.
    static func of(_ path: FilePath) -> Self? {
        var status = stat()
        return unsafe path.withPlatformString({ unsafe lstat($0, &status) }) == 0 ? Self(status) : nil
    }

    /// Something in a directory, a link itself; `nil` when it is not there or cannot be looked at.
    static func of(_ name: UnsafePointer<CChar>, in directory: FileDescriptor) -> Self? {
        var status = stat()
        return unsafe fstatat(directory.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? Self(status) : nil
    }

    /// Whether there is anything at a path; only the kernel's plain word that there is not counts as nothing.
    ///
    /// A directory on the way may be a mount that is closed to root, such as an encrypted one of the developer's.
    ///
    /// - Throws: a `Refusal` that names the path.
    static func exists(_ path: FilePath) throws(Refusal) -> Bool {
        var status = stat()
        guard unsafe path.withPlatformString({ unsafe lstat($0, &status) }) != 0 else { return true }
        let error = Errno(rawValue: errno)
        guard error == .noSuchFileOrDirectory else {
            throw Refusal("\(path) in the VM cannot be looked at: \(error)", hint: "look at it with `dvm sh`")
        }
        return false
    }

    /// The file behind a descriptor.
    ///
    /// - Throws: a `Refusal` that names what was asked about.
    static func of(_ descriptor: FileDescriptor, called name: String) throws(Refusal) -> Self {
        var status = stat()
        try call("looking at \(name)") { unsafe fstat(descriptor.rawValue, &status) }
        return Self(status)
    }

    /// An entry of an open directory, a link itself and not what it points to; `nil` when it is not there any more.
    static func of(_ name: [UInt8], in directory: FileDescriptor) -> Self? {
        var status = stat()
        let path = TreePath.top.appending(name).cString
        let found = unsafe fstatat(directory.rawValue, path, &status, AT_SYMLINK_NOFOLLOW)
        return found == 0 ? Self(status) : nil
    }

    /// Sets the mode of an open file.
    static func change(_ mode: FilePermissions, of file: FileDescriptor, called path: FilePath) throws(Refusal) {
        try call("setting the mode of \(path)") { fchmod(file.rawValue, mode.rawValue) }
    }

    /// Waits until the contents of an open file or directory are on the disk.
    static func flush(_ file: FileDescriptor, called path: FilePath) throws(Refusal) {
        try call("writing \(path) to the disk") { fsync(file.rawValue) }
    }

    /// Removes a file.
    static func remove(_ path: FilePath) throws(Refusal) {
        try call("removing \(path)") { unsafe path.withPlatformString { unsafe unlink($0) } }
    }

    /// Gives an open file of root's to a group.
    static func give(_ file: FileDescriptor, to group: UInt32, mode: FilePermissions, called path: FilePath)
        throws(Refusal)
    {
        try call("giving \(path) to its group") { fchown(file.rawValue, 0, group) }
        try change(mode, of: file, called: path)
    }

    /// The bytes of the file at a path.
    static func size(of path: FilePath) -> Int? {
        var status = stat()
        return unsafe path.withPlatformString({ unsafe lstat($0, &status) }) == 0 ? Int(status.st_size) : nil
    }

    /// Puts a file in the place of another, both on one file system.
    static func rename(_ old: FilePath, to new: FilePath) throws(Refusal) {
        try call("putting \(new) in place") {
            unsafe old.withPlatformString { old in unsafe new.withPlatformString { unsafe Glibc.rename(old, $0) } }
        }
    }
}

/// Which file it is, whatever its name: the same device and inode are the same file.
struct FileIdentity: Hashable, Codable {
    var device: UInt64
    var inode: UInt64

    init(_ status: Status) {
        device = status.device
        inode = status.inode
    }
}
