internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A project looked at by descriptor: nothing in it leads out of it, whatever links an agent left or leaves meanwhile.
struct ProjectTree {
    /// The project's own directory.
    let top: FileDescriptor

    /// An entry of a directory.
    struct Entry {
        enum Kind { case directory, file, link, other }
        var name: [UInt8]
        var kind: Kind
    }

    /// Opens something of the project, without following a link.
    ///
    /// - Throws: what the kernel answered.
    func open(_ path: TreePath, _ flags: Int32) throws(Errno) -> OwnedDescriptor {
        while true {
            let file = unsafe dvm_open_beneath(top.rawValue, path.cString, flags)
            if file >= 0 { return OwnedDescriptor(FileDescriptor(rawValue: file)) }
            let error = Errno(rawValue: errno)
            // The kernel noticed a rename on the way, and asks to look again.
            guard error == .interrupted || error == .resourceTemporarilyUnavailable else { throw error }
        }
    }

    /// What is at a path, a link itself; `nil` when nothing is, or when a link is on the way.
    func status(_ path: TreePath) -> Status? {
        guard let file = try? open(path, dvm_o_path | O_NOFOLLOW) else { return nil }
        return try? Status.of(file.raw, called: "\(path)")
    }

    /// The bytes of a regular file, at most so many of them; `nil` when it is none or cannot be read.
    func read(_ path: TreePath, atMost limit: Int) -> [UInt8]? {
        // Not waiting: opening a pipe would otherwise take until somebody writes to it.
        guard let file = try? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else { return nil }
        return Self.read(file.raw, atMost: limit)
    }

    /// The bytes of an open regular file, at most so many of them.
    static func read(_ file: FileDescriptor, atMost limit: Int) -> [UInt8]? {
        guard let status = try? Status.of(file, called: "a file"), status.isRegular else { return nil }
        var bytes = [UInt8](repeating: 0, count: min(limit, status.size))
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes {
                (try? unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))) ?? 0
            }
            guard count > 0 else { break }
            filled += count
        }
        return Array(bytes[..<filled])
    }

    /// Where a link of the project leads, as text.
    func target(ofLink path: TreePath) -> [UInt8]? {
        guard let file = try? open(path, dvm_o_path | O_NOFOLLOW) else { return nil }
        var buffer = [CChar](repeating: 0, count: 4096)
        // With an empty path: the link that is open.
        let count = unsafe readlinkat(file.raw.rawValue, "", &buffer, buffer.count)
        return count >= 0 ? buffer[..<count].map(UInt8.init(bitPattern:)) : nil
    }

    /// The file of the project that a link leads to; `nil` when it leads nowhere or out of the project.
    func resolve(link path: TreePath) -> TreePath? {
        let file = unsafe dvm_open_within(top.rawValue, path.cString, dvm_o_path)
        guard file >= 0 else { return nil }
        let found = OwnedDescriptor(FileDescriptor(rawValue: file))
        guard let whole = Self.path(of: found.raw), let project = Self.path(of: top) else { return nil }
        let above = project == [UInt8(ascii: "/")] ? project : project + [UInt8(ascii: "/")]
        return whole.starts(with: above) ? TreePath(checking: whole.dropFirst(above.count)) : nil
    }

    private static func path(of file: FileDescriptor) -> [UInt8]? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/fd/\(file.rawValue)", &buffer, buffer.count)
        return count > 0 ? buffer[..<count].map(UInt8.init(bitPattern:)) : nil
    }

    /// A directory to be read.
    func directory(_ path: TreePath) throws(Errno) -> OwnedDescriptor {
        try open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// The entries of a directory, sorted; `nil` when it cannot be read, or has more than `mostEntries`.
    func entries(_ path: TreePath) -> DirectoryEntries? {
        guard let directory = try? directory(path) else { return nil }
        return Self.entries(directory)
    }

    /// As above, of an open directory.
    static func entries(_ directory: borrowing OwnedDescriptor) -> DirectoryEntries? {
        var room = mostEntries
        return entries(directory, within: &room)
    }

    /// What one directory may have where nobody counts.
    private static let mostEntries = 100_000

    /// The entries of an open directory, sorted, so that what is found first does not depend on the file system.
    ///
    /// - Parameters:
    ///   - directory: the directory.
    ///   - room: how many may still be read, long names counting more: all of them are in memory at once.
    /// - Returns: the entries; `nil` when it cannot be read, or not whole within the room.
    static func entries(_ directory: borrowing OwnedDescriptor, within room: inout Int) -> DirectoryEntries? {
        // A description of its own: the position in the directory belongs to the stream.
        let copy = unsafe openat(directory.raw.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = unsafe fdopendir(copy) else { return nil }
        defer { unsafe closedir(stream) }
        var entries: DirectoryEntries = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
            guard TreePath.isName(name) else { continue }
            room -= 1 + name.count / 64
            guard room > 0 else { return nil }
            let kind: Entry.Kind =
                switch Int(unsafe entry.pointee.d_type) {
                case Int(DT_DIR): .directory
                case Int(DT_REG): .file
                case Int(DT_LNK): .link
                case Int(DT_UNKNOWN): Self.kind(name, in: directory.raw)
                default: .other
                }
            entries.append(name, kind)
        }
        entries.sort()
        return entries
    }

    /// For file systems that do not say it in their directories.
    private static func kind(_ name: [UInt8], in directory: FileDescriptor) -> Entry.Kind {
        guard let status = Status.of(name, in: directory) else { return .other }
        return status.isDirectory ? .directory : status.isRegular ? .file : status.isSymbolicLink ? .link : .other
    }

    /// A directory inside an open one, which must not be a link nor on another device.
    static func enter(_ name: [UInt8], of directory: borrowing OwnedDescriptor, on device: UInt64) -> OwnedDescriptor? {
        let path = TreePath.top.appending(name).cString
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let file = unsafe openat(directory.raw.rawValue, path, flags)
        guard file >= 0 else { return nil }
        let found = OwnedDescriptor(FileDescriptor(rawValue: file))
        guard let status = try? Status.of(found.raw, called: "a directory"), status.device == device else { return nil }
        return found
    }

    /// Gives something another name in its own directory, unless that name is taken.
    ///
    /// - Returns: whether it has it now.
    func rename(_ path: TreePath, to name: [UInt8]) -> Bool {
        let old = TreePath.top.appending(path.name).cString
        let new = TreePath.top.appending(name).cString
        return change(path.parent) { unsafe dvm_rename_new($0.rawValue, old, new) } == 0
    }

    /// Makes a file that is not there yet.
    ///
    /// - Returns: whether it was made whole.
    func make(_ path: TreePath, _ bytes: [UInt8], mode: mode_t) -> Bool {
        let name = TreePath.top.appending(path.name).cString
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = change(path.parent) { unsafe openat($0.rawValue, name, flags, mode & 0o777) }
        guard file >= 0 else { return false }
        let made = OwnedDescriptor(FileDescriptor(rawValue: file))
        return (try? made.raw.writeAll(bytes)) != nil
    }

    /// Changes something in a directory, also in one that its owner may not write to at the moment.
    ///
    /// - Returns: what the kernel answered; -1 without a directory.
    private func change(_ path: TreePath, _ body: (FileDescriptor) -> Int32) -> Int32 {
        guard let directory = try? open(path, dvm_o_path | O_DIRECTORY) else { return -1 }
        let answer = body(directory.raw)
        guard answer == -1, errno == EACCES, let mode = Self.open(directory.raw) else { return answer }
        defer { Self.change(mode, of: directory.raw) }
        return body(directory.raw)
    }

    /// Opens a directory to its owner, who this process must be.
    ///
    /// - Returns: whether it is open now and was not before.
    func reopen(_ path: TreePath) -> Bool {
        guard let directory = try? open(path, dvm_o_path | O_DIRECTORY) else { return false }
        return Self.open(directory.raw) != nil
    }

    /// - Returns: the mode it had.
    private static func open(_ directory: FileDescriptor) -> mode_t? {
        guard let status = try? Status.of(directory, called: "a directory"), status.uid == geteuid(),
            status.mode & 0o700 != 0o700, change(status.mode | 0o700, of: directory)
        else { return nil }
        return status.mode
    }

    /// By its name in /proc, which means just the descriptor: one that only stands for a place takes no mode itself.
    @discardableResult
    private static func change(_ mode: mode_t, of directory: FileDescriptor) -> Bool {
        unsafe chmod("/proc/self/fd/\(directory.rawValue)", mode & 0o7777) == 0
    }
}
