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

    private init(file: consuming OwnedDescriptor) { self.file = file }
}
