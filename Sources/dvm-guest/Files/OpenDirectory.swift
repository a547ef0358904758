internal import DVMProtocol
internal import Glibc

/// A directory held by descriptor, and the files in it by name: whatever becomes of its path, this one is meant.
struct OpenDirectory: ~Copyable {
    private let descriptor: OwnedDescriptor

    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    /// The names in it, sorted.
    func names() -> [String] {
        (ProjectTree.entries(descriptor) ?? []).map { String(decoding: $0.name, as: UTF8.self) }
    }

    /// A file of it, opened for writing, made where there is none; a link is not followed.
    func open(_ name: String, _ flags: Int32) -> OwnedDescriptor? {
        let flags = flags | O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC
        let file = unsafe openat(descriptor.raw.rawValue, name, flags, 0o640)
        return file >= 0 ? OwnedDescriptor(FileDescriptor(rawValue: file)) : nil
    }

    /// The bytes of a regular file of it, at most so many; nothing when it is none.
    func read(_ name: String, atMost limit: Int) -> [UInt8]? {
        let file = unsafe openat(descriptor.raw.rawValue, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        let found = OwnedDescriptor(FileDescriptor(rawValue: file))
        return ProjectTree.read(found.raw, atMost: limit)
    }

    /// The bytes a file of it has; none when it is not there.
    func size(of name: String) -> Int { Status.of(Array(name.utf8), in: descriptor.raw)?.size ?? 0 }

    /// Gives a file of it another name; what had that is gone.
    func rename(_ name: String, to new: String) {
        let place = descriptor.raw.rawValue
        _ = unsafe renameat(place, name, place, new)
    }

    /// Removes a file of it.
    func remove(_ name: String) { _ = unsafe unlinkat(descriptor.raw.rawValue, name, 0) }
}
