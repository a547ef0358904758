internal import DVMProtocol

#if canImport(Darwin)
internal import Darwin
#else
internal import Glibc
#endif

/// An open file or directory, closed when nobody holds it any more.
///
/// Entries are only ever reached by one name below an open directory, and never through a link: what is swapped for
/// something else meanwhile leads nowhere.
package final class OpenFile {
    /// The descriptor.
    package let number: Int32

    /// Takes a descriptor over.
    package init(owning number: Int32) { self.number = number }

    deinit { close(number) }

    /// How an entry is opened.
    package enum Use {
        /// To read a file; without waiting for whoever writes to a pipe that was put in its place.
        case reading
        /// To read a file that is there, and to write to it.
        case continuing
        /// To make a file that is not there, with these rights or what the process leaves of them.
        case making(mode: UInt16)
        /// To look at a directory, and to reach what is in it.
        case directory
    }

    /// Opens an entry of this directory, a dot for itself.
    package func open(_ name: [UInt8], for use: Use) throws(Errno) -> OpenFile {
        let flags: Int32 =
            switch use {
            case .reading: O_RDONLY | O_NONBLOCK
            case .continuing: O_RDWR | O_NONBLOCK
            case .making: O_WRONLY | O_CREAT | O_EXCL
            case .directory: O_RDONLY | O_DIRECTORY
            }
        var mode: UInt16 = 0
        if case .making(let rights) = use { mode = rights }
        let path = Self.cString(name)
        return OpenFile(
            owning: try Self.answer {
                unsafe openat(number, path, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode_t(mode))
            }
        )
    }

    /// Opens a directory as the kernel finds it, links on the way followed.
    package static func directory(at path: [UInt8]) throws(Errno) -> OpenFile {
        let path = cString(path)
        return OpenFile(owning: try answer { openPath(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    }

    private static func openPath(_ path: [CChar], _ flags: Int32) -> Int32 {
        #if canImport(Darwin)
        unsafe Darwin.open(path, flags)
        #else
        unsafe Glibc.open(path, flags)
        #endif
    }

    /// What a try to lock a file came to.
    package enum Lock: Hashable, Sendable {
        case held
        /// Somebody else has it.
        case busy
        /// The file system knows no such locks, or not these.
        case unknown
    }

    /// Locks this file for whoever holds it open, without waiting (flock(2)); the kernel takes that back with the last
    /// descriptor.
    package func lock() -> Lock {
        do throws(Errno) {
            _ = try Self.answer { flock(number, LOCK_EX | LOCK_NB) }
            return .held
        } catch {
            return error == .wouldBlock ? .busy : .unknown
        }
    }

    /// Makes a directory that only its owner can use.
    package func makeDirectory(_ name: [UInt8]) throws(Errno) {
        let path = Self.cString(name)
        _ = try Self.answer { unsafe mkdirat(number, path, 0o700) }
    }

    /// Makes a directory at a path, links on the way followed, with the rights that the process gives.
    package static func makeDirectory(at path: [UInt8]) throws(Errno) {
        let path = cString(path)
        _ = try answer { unsafe mkdir(path, 0o777) }
    }

    /// Removes an entry that is no directory.
    package func remove(_ name: [UInt8]) throws(Errno) {
        let path = Self.cString(name)
        _ = try Self.answer { unsafe unlinkat(number, path, 0) }
    }

    /// Gives an entry another name, in the place of what had it.
    package func rename(_ old: [UInt8], to new: [UInt8]) throws(Errno) {
        let (old, new) = (Self.cString(old), Self.cString(new))
        _ = try Self.answer { unsafe renameat(number, old, number, new) }
    }

    /// Gives an entry a name that nothing had a moment ago.
    ///
    /// - Returns: whether it has it; false when something else does.
    package func rename(_ old: [UInt8], toUnused new: [UInt8]) throws(Errno) -> Bool {
        guard try FileFacts(of: new, in: self) == nil else { return false }
        try rename(old, to: new)
        return true
    }

    /// Makes a symbolic link.
    package func makeLink(_ name: [UInt8], to target: [UInt8]) throws(Errno) {
        let (name, target) = (Self.cString(name), Self.cString(target))
        _ = try Self.answer { unsafe symlinkat(target, number, name) }
    }

    /// What a symbolic link says.
    package func target(ofLink name: [UInt8]) throws(Errno) -> [UInt8] {
        let path = Self.cString(name)
        var buffer = [CChar](repeating: 0, count: RawPath.longest + 1)
        let size = buffer.count
        let count = try Self.answer { unsafe readlinkat(number, path, &buffer, size) }
        return buffer[..<count].map(UInt8.init(bitPattern:))
    }

    /// The names in this directory, in order.
    ///
    /// - Throws: also where the kernel gives only some of them.
    package func names() throws(Errno) -> [[UInt8]] {
        // A description of its own: the position in the directory belongs to the stream.
        let copy = try Self.answer { unsafe openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
        guard let stream = unsafe fdopendir(copy) else {
            let error = Errno(rawValue: errno)
            close(copy)
            throw error
        }
        defer { unsafe closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            // The end and a failure look the same but for this.
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw Errno(rawValue: errno) }
                break
            }
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// A name as the C library wants it; ours contain no NUL.
    static func cString(_ bytes: [UInt8]) -> [CChar] { bytes.map(CChar.init(bitPattern:)) + [0] }

    /// Runs a call that answers -1 on failure, again when a signal interrupted it.
    static func answer<Number: FixedWidthInteger>(_ body: () -> Number) throws(Errno) -> Number {
        while true {
            let answer = body()
            guard answer == -1 else { return answer }
            let error = Errno(rawValue: errno)
            guard error == .interrupted else { throw error }
        }
    }
}
