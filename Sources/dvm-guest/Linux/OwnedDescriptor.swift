/// A file descriptor with one owner, closed when the owner is gone.
struct OwnedDescriptor: ~Copyable {
    let raw: FileDescriptor

    init(_ raw: FileDescriptor) { self.raw = raw }

    deinit { try? raw.close() }

    /// Gives the descriptor away, to whoever closes it from now on.
    consuming func release() -> FileDescriptor {
        let raw = raw
        discard self
        return raw
    }
}
