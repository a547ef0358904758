internal import DVMProtocol
internal import Glibc

/// A lock on a file that says its holder is alive: the kernel lets go of it with the process, however that ends.
struct FileLock: ~Copyable {
    private let file: OwnedDescriptor

    /// Takes the lock of a file, which is made where it is missing; nothing when somebody holds it.
    ///
    /// - Throws: a `Refusal` when the file cannot be opened.
    static func take(_ path: FilePath) throws(Refusal) -> Self? {
        let file = OwnedDescriptor(
            FileDescriptor(
                rawValue: try call("opening \(path)") {
                    unsafe path.withPlatformString { unsafe open($0, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600) }
                }
            )
        )
        return flock(file.raw.rawValue, LOCK_EX | LOCK_NB) == 0 ? Self(file: file) : nil
    }

    /// Takes the lock, waiting a while for whoever holds it; nothing when they still do.
    static func take(_ path: FilePath, within patience: Duration) throws(Refusal) -> Self? {
        let deadline = ContinuousClock.now + patience
        while true {
            if let lock = try take(path) { return lock }
            guard ContinuousClock.now < deadline else { return nil }
            usleep(50_000)
        }
    }

    /// Says something to whoever finds it taken; what was said before is gone.
    borrowing func note(_ text: String) {
        // It is for people only: a lock without it is as good.
        ftruncate(file.raw.rawValue, 0)
        _ = try? file.raw.writeAll(toAbsoluteOffset: 0, text.utf8)
    }

    private init(file: consuming OwnedDescriptor) { self.file = file }
}
