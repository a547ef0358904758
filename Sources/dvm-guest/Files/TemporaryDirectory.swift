internal import DVMProtocol
internal import Glibc

/// A directory of this process's user that nobody else can look into, removed with the value.
final class TemporaryDirectory {
    let path: FilePath

    /// Makes one in memory, where that is shared as usual, else in `/tmp`.
    ///
    /// - Throws: a `Refusal` when that cannot be done, as when the disk is full.
    init(for purpose: String) throws(Refusal) {
        for place in ["/dev/shm", "/tmp"] {
            var template = Array("\(place)/dvm-\(purpose).XXXXXX".utf8CString)
            if unsafe mkdtemp(&template) != nil {
                path = FilePath(platformString: template)
                return
            }
        }
        throw Refusal(
            "a directory in /tmp of the VM cannot be made: \(Errno(rawValue: errno))",
            hint: "is the VM's disk full? `dvm sh` and `df -h /tmp` show it"
        )
    }

    deinit { Self.remove(path, depth: 0) }

    /// Makes a directory in a directory of it.
    static func makeDirectory(_ path: FilePath) throws(Refusal) {
        try call("making \(path)") { unsafe path.withPlatformString { unsafe mkdir($0, 0o700) } }
    }

    /// Makes a file that is not there yet.
    static func write(_ bytes: [UInt8], to path: FilePath, mode: FilePermissions = .ownerReadWrite) throws(Refusal) {
        do {
            let file = OwnedDescriptor(
                try FileDescriptor.open(
                    path,
                    .writeOnly,
                    options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
                    permissions: mode
                )
            )
            try file.raw.writeAll(bytes)
        } catch {
            throw Refusal("\(path) in the VM cannot be written: \(error)")
        }
    }

    /// Makes a link to something that need not be there.
    static func link(_ path: FilePath, to target: FilePath) throws(Refusal) {
        try call("linking \(path)") {
            unsafe path.withPlatformString { path in unsafe target.withPlatformString { unsafe symlink($0, path) } }
        }
    }

    /// Removes what we made: files, links and directories three levels deep, never through a link.
    private static func remove(_ path: FilePath, depth: Int) {
        for name in Listing.names(in: path) {
            let inner = path.appending(name)
            if depth < 3, Status.of(inner)?.isDirectory == true {
                remove(inner, depth: depth + 1)
            } else {
                Removal.file(inner)
            }
        }
        Removal.directory(path)
    }
}
