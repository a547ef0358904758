package import DVMProtocol

#if canImport(Darwin)
internal import Darwin
#else
internal import Glibc
#endif

/// What the kernel says of a file.
package struct FileFacts: Hashable {
    /// What can be copied, and the rest.
    package enum Kind: Hashable { case directory, file, link, other }

    package var kind: Kind
    /// Mode and time.
    package var stamp: CopyStamp
    /// Bytes.
    package var size: UInt64
    /// Bytes that take room on the disk, at most `size`: fewer when it has holes.
    package var stored: UInt64
    package var device: UInt64
    package var inode: UInt64
    package var owner: UInt32
    package var links: UInt64

    /// Which file it is, whatever its name.
    package struct Identity: Hashable { package var device: UInt64, inode: UInt64 }

    package var identity: Identity { Identity(device: device, inode: inode) }

    private init(_ status: stat) {
        let type = UInt32(status.st_mode) & UInt32(S_IFMT)
        kind =
            switch type {
            case UInt32(S_IFDIR): .directory
            case UInt32(S_IFREG): .file
            case UInt32(S_IFLNK): .link
            default: .other
            }
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        stamp = CopyStamp(
            mode: UInt16(truncatingIfNeeded: status.st_mode),
            seconds: Int64(time.tv_sec),
            nanoseconds: UInt32(truncatingIfNeeded: time.tv_nsec)
        )
        size = UInt64(max(0, status.st_size))
        stored = min(size, UInt64(max(0, status.st_blocks)) * 512)
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(status.st_ino)
        owner = UInt32(status.st_uid)
        links = UInt64(status.st_nlink)
    }

    /// The facts of an open file.
    package init(of file: OpenFile) throws(Errno) {
        var status = stat()
        _ = try OpenFile.answer { unsafe fstat(file.number, &status) }
        self.init(status)
    }

    /// The facts of an entry of a directory, of a link itself; nothing when there is none.
    package init?(of name: [UInt8], in directory: OpenFile) throws(Errno) {
        var status = stat()
        let path = OpenFile.cString(name)
        do {
            _ = try OpenFile.answer { unsafe fstatat(directory.number, path, &status, AT_SYMLINK_NOFOLLOW) }
        } catch {
            guard error == .noSuchFileOrDirectory else { throw error }
            return nil
        }
        self.init(status)
    }
}
