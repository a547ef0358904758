internal import DVMProtocol

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What the kernel says about a file.
struct FileStatus: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case directory, file, link, other }

    var kind: Kind
    var owner: UInt32
    /// Permission bits, the sticky bit included.
    var mode: UInt32
    var size: Int
    /// Bytes it takes on the disk, which a file with holes has fewer of.
    var allocated: Int
    /// How many names it has.
    var links: Int
    /// When its contents changed last.
    var modified: FileTime

    /// The status of an open file.
    ///
    /// The corresponding C function is `fstat`.
    init(of descriptor: FileDescriptor) throws(Errno) {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
        self.init(status)
    }

    /// The status of what a path names, of the link itself where it is one.
    ///
    /// The corresponding C function is `lstat`.
    init(ofLink path: FilePath) throws(Errno) {
        var status = stat()
        let failed = unsafe path.withPlatformString { unsafe lstat($0, &status) } != 0
        guard !failed else { throw Errno(rawValue: errno) }
        self.init(status)
    }

    private init(_ status: stat) {
        let type = UInt32(status.st_mode) & UInt32(S_IFMT)
        kind =
            switch type {
            case UInt32(S_IFDIR): .directory
            case UInt32(S_IFREG): .file
            case UInt32(S_IFLNK): .link
            default: .other
            }
        owner = UInt32(status.st_uid)
        mode = UInt32(status.st_mode) & 0o7777
        size = Int(status.st_size)
        // Of 512 bytes each, whatever the file system's own are (stat(2)).
        allocated = Int(status.st_blocks) * 512
        links = Int(status.st_nlink)
        #if canImport(Darwin)
        modified = FileTime(seconds: status.st_mtimespec.tv_sec, nanoseconds: status.st_mtimespec.tv_nsec)
        #else
        modified = FileTime(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        #endif
    }
}

/// A time as files have it.
struct FileTime: Hashable, Sendable {
    var seconds: Int
    var nanoseconds: Int
}

/// Files and directories, where System has no call for them yet.
enum Files {
    /// Whether a path, links followed, names a file somebody may execute.
    static func isExecutable(_ path: FilePath) -> Bool { FileManager.default.isExecutableFile(atPath: path.string) }

    /// Whether a path names anything, a dangling link included.
    static func exists(_ path: FilePath) -> Bool { (try? FileStatus(ofLink: path)) != nil }

    /// The names in a directory, in order; none when it cannot be read.
    static func names(in directory: FilePath) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.string)) ?? []).sorted()
    }

    /// The names in a directory, in order; nothing when there is nothing of its name.
    ///
    /// - Throws: whatever the file system says: what cannot be looked into may hold anything.
    static func listing(of directory: FilePath) throws(Errno) -> [String]? {
        do {
            _ = try FileStatus(ofLink: directory)
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw error
        }
        do {
            // Foundation does not say in its errors what the kernel said.
            try FileDescriptor.open(directory, .readOnly, options: [.directory, .closeOnExec]).close()
            return try FileManager.default.contentsOfDirectory(atPath: directory.string).sorted()
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    /// What a link says.
    ///
    /// - Throws: whatever the file system says.
    static func target(ofLink path: FilePath) throws -> FilePath {
        FilePath(try FileManager.default.destinationOfSymbolicLink(atPath: path.string))
    }

    /// Makes a directory, and those above it as any program would; the last one has exactly this mode.
    ///
    /// - Throws: a `Refusal` that names the directory.
    static func makeDirectory(_ path: FilePath, mode: UInt16) throws(Refusal) {
        do {
            try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
            try FileManager.default.setAttributes([.posixPermissions: Int(mode)], ofItemAtPath: path.string)
        } catch {
            throw Refusal(
                "cannot make the directory \(path.string.printable)",
                hint: "make it yourself, or make the directory above it writable for you"
            )
        }
    }

    /// Writes a whole new file that only its owner can read, over nothing or over a file of ours.
    ///
    /// - Throws: a `Refusal` that names the file.
    static func write(_ text: String, to path: FilePath, replacing: Bool) throws(Refusal) {
        do {
            let descriptor = try FileDescriptor.open(
                path,
                .writeOnly,
                options: replacing
                    ? [.create, .truncate, .noFollow, .closeOnExec] : [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite]
            )
            try descriptor.closeAfter { _ = try descriptor.writeAll(Array(text.utf8)) }
        } catch {
            throw Refusal("cannot write \(path.string.printable): \(error)")
        }
    }

    /// Reads a file of text that may not be longer than a limit.
    ///
    /// - Throws: a `Refusal` that names the file.
    static func bytes(of path: FilePath, limit: Int) throws(Refusal) -> [UInt8] {
        do {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            defer { try? descriptor.close() }
            let bytes = try read(descriptor, limit: limit)
            guard bytes.count <= limit, !bytes.contains(0) else {
                throw Refusal("\(path.string.printable) is too long, or no text")
            }
            return bytes
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal("cannot read \(path.string.printable): \(error)")
        }
    }

    /// Writes a whole file that only its owner can read, at once: whoever reads it finds the old text or the new one.
    ///
    /// - Throws: a `Refusal` that names the file.
    static func replace(_ path: FilePath, with text: String) throws(Refusal) {
        try replace(path, with: Array(text.utf8))
    }

    /// Removes a file, or a link and not what it leads to.
    ///
    /// - Throws: whatever the file system says, except that there is none.
    static func remove(_ path: FilePath) throws(Errno) {
        guard unsafe path.withPlatformString({ unsafe unlink($0) }) != 0, errno != ENOENT else { return }
        throw Errno(rawValue: errno)
    }

    /// Removes a directory with nothing in it; says whether it is gone.
    @discardableResult
    static func removeDirectory(_ path: FilePath) -> Bool {
        unsafe path.withPlatformString { unsafe rmdir($0) } == 0 || errno == ENOENT
    }

    /// The text of a small file of dvm's own; nothing when there is none, or it is not what dvm wrote.
    static func text(of path: FilePath, limit: Int) -> String? {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec, .nonBlocking])
        else { return nil }
        defer { try? file.close() }
        guard let bytes = try? read(file, limit: limit), bytes.count <= limit else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Reads what a terminal or pipe has now, at most 256 bytes; nothing at its end.
    ///
    /// - Throws: whatever the system says.
    static func readOnce(_ descriptor: FileDescriptor) throws -> [UInt8] {
        unsafe try [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
            count = unsafe try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Replaces a file of ours, so that a reader sees the old bytes or the new, never half.
    ///
    /// - Throws: a `Refusal` that names the file; the old one stays then.
    static func replace(_ path: FilePath, with bytes: [UInt8], mode: UInt16 = 0o600) throws(Refusal) {
        let new = FilePath("\(path.string).dvm-\(getpid())")
        do {
            try? remove(new)
            let descriptor = try FileDescriptor.open(
                new,
                .writeOnly,
                options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
                permissions: [.ownerReadWrite]
            )
            try descriptor.closeAfter {
                _ = try descriptor.writeAll(bytes)
                guard fchmod(descriptor.rawValue, mode_t(mode)) == 0, fsync(descriptor.rawValue) == 0 else {
                    throw Errno(rawValue: errno)
                }
            }
            let failed =
                unsafe new.withPlatformString { new in unsafe path.withPlatformString { unsafe rename(new, $0) } } != 0
            guard !failed else { throw Errno(rawValue: errno) }
        } catch {
            try? remove(new)
            throw Refusal("cannot write \(path.shown): \(error)", hint: "is the disk full, or the directory not yours?")
        }
    }

    /// The bytes of a file of this user's, at most so many; a link is none.
    ///
    /// - Throws: a `Refusal` that names the file.
    static func own(_ path: FilePath, limit: Int) throws(Refusal) -> [UInt8] {
        let bytes: [UInt8]
        do {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec, .nonBlocking])
            defer { try? descriptor.close() }
            let status = try FileStatus(of: descriptor)
            guard status.kind == .file, status.owner == UInt32(geteuid()) else { throw Errno.permissionDenied }
            bytes = try read(descriptor, limit: limit)
        } catch {
            throw Refusal("cannot read \(path.shown): \(error)")
        }
        guard bytes.count <= limit else { throw Refusal("\(path.shown) is larger than \(limit) bytes") }
        return bytes
    }

    /// Reads an open file to its end, or to one byte more than a limit.
    ///
    /// - Throws: whatever the file system says.
    static func read(_ descriptor: FileDescriptor, from offset: Int = 0, limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            let room = min(65536, limit + 1 - bytes.count)
            let chunk = unsafe try [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                count = unsafe try descriptor.read(
                    fromAbsoluteOffset: Int64(offset + bytes.count),
                    into: UnsafeMutableRawBufferPointer(buffer)
                )
            }
            if chunk.isEmpty { break }
            bytes += chunk
        }
        return bytes
    }
}
