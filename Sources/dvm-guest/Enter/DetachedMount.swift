internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A mount of a file or directory that is nowhere yet.
///
/// Made of a descriptor and not of a path; without setuid programs and devices, and without what is mounted below, now or
/// later.
struct DetachedMount: ~Copyable {
    let descriptor: OwnedDescriptor
    let name: String

    /// A mount of a pinned directory.
    static func of(_ directory: borrowing PinnedDirectory, readOnly: Bool = false) throws(Refusal) -> Self {
        try of(directory.descriptor.raw, called: directory.path, readOnly: readOnly)
    }

    /// A mount of what a descriptor means.
    static func of(_ file: FileDescriptor, called name: String, readOnly: Bool) throws(Refusal) -> Self {
        let mount = try copy(file, called: name)
        let raw = mount.descriptor.raw.rawValue
        try call("restricting the mount of \(name)") { dvm_restrict_mount(raw, readOnly ? 1 : 0, -1) }
        return mount
    }

    /// A mount of a pinned directory on which one owner's files are shown as another's.
    ///
    /// - Parameters:
    ///   - directory: what is mounted.
    ///   - namespace: a user namespace that says who is shown as whom.
    ///   - refusal: what to say when file system or kernel cannot do that.
    /// - Returns: the mount.
    /// - Throws: that refusal, or one that says which step failed.
    static func of(
        _ directory: borrowing PinnedDirectory,
        mappedBy namespace: borrowing OwnedDescriptor,
        refusal: (Errno) -> Refusal
    ) throws(Refusal) -> Self {
        let mount = try copy(directory.descriptor.raw, called: directory.path)
        guard dvm_restrict_mount(mount.descriptor.raw.rawValue, 0, namespace.raw.rawValue) == 0 else {
            throw refusal(Errno(rawValue: errno))
        }
        return mount
    }

    private static func copy(_ file: FileDescriptor, called name: String) throws(Refusal) -> Self {
        let copy = try call("copying the mount of \(name)") { dvm_clone_mount(file.rawValue) }
        return Self(descriptor: OwnedDescriptor(FileDescriptor(rawValue: copy)), name: name)
    }

    /// Puts the mount at a path of this process's mount namespace.
    borrowing func attach(at path: String) throws(Refusal) {
        let mount = descriptor.raw.rawValue
        try call("mounting \(name)") { unsafe path.withCString { unsafe dvm_attach_mount(mount, $0) } }
    }

    /// Puts the mount onto what a descriptor means; whatever leads there by now does not matter.
    borrowing func attach(to place: borrowing OwnedDescriptor) throws(Refusal) {
        let mount = descriptor.raw.rawValue
        let target = place.raw.rawValue
        try call("mounting \(name)") { dvm_attach_mount_to(mount, target) }
    }
}
