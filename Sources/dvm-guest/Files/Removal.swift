internal import Glibc

/// Taking away what root made.
enum Removal {
    /// Removes a file of a directory that only root can write; nothing when it is gone already.
    static func file(_ path: FilePath) { _ = unsafe path.withPlatformString { unsafe unlink($0) } }

    /// Removes an empty directory; returns whether it is gone.
    @discardableResult
    static func directory(_ path: FilePath) -> Bool {
        unsafe path.withPlatformString { unsafe rmdir($0) } == 0 || errno == ENOENT
    }

    /// Removes a directory that only root can write with everything in it, and follows no link.
    static func tree(_ directory: FilePath) {
        for name in Listing.names(in: directory) {
            let path = directory.appending(name)
            if Status.of(path)?.isDirectory == true { tree(path) } else { file(path) }
        }
        Self.directory(directory)
    }

    /// Removes the files and the empty directories in a directory that only root can write, then the directory.
    static func small(_ directory: FilePath) {
        for name in Listing.names(in: directory) {
            let path = directory.appending(name)
            if Status.of(path)?.isDirectory == true { Self.directory(path) } else { file(path) }
        }
        Self.directory(directory)
    }
}
