internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A network namespace, held by a descriptor.
///
/// A session's belongs to the VM's own user namespace: the agent has no rights over it, whatever namespaces it makes.
struct NetworkNamespace: ~Copyable {
    private let file: OwnedDescriptor

    private init(_ path: String) throws(Refusal) {
        let raw = try call("opening \(path)") { unsafe open(path, O_RDONLY | O_CLOEXEC) }
        file = OwnedDescriptor(FileDescriptor(rawValue: raw))
    }

    /// The one this process is in.
    static func own() throws(Refusal) -> Self { try Self("/proc/self/ns/net") }

    /// The one the process is in that started this one, and waits for it.
    static func of(_ parent: ParentProcess) throws(Refusal) -> Self {
        let found = try Self("/proc/\(parent.pid)/ns/net")
        // Had it died, its number could be another's by now.
        guard parent.isAlive else { throw Refusal("the session this was started for is gone") }
        return found
    }

    /// Takes this process, and what it starts from now on, out of its network into an empty one with its loopback down.
    static func leave() throws(Refusal) { try call("making a network namespace") { dvm_unshare_network() } }

    /// Brings up the loopback of the namespace this process is in.
    static func raiseLoopback() throws(Refusal) { try call("bringing the loopback up") { dvm_raise_loopback() } }

    /// Enters it with this process and what it starts from now on; sockets it has stay where they were made.
    borrowing func enter() throws(Refusal) {
        let raw = file.raw.rawValue
        try call("entering a network namespace") { dvm_enter_network(raw) }
    }

    /// Whether two are one.
    borrowing func isSame(as other: borrowing Self) throws(Refusal) -> Bool {
        var status = stat()
        var others = stat()
        let (raw, otherRaw) = (file.raw.rawValue, other.file.raw.rawValue)
        try call("looking at a network namespace") { unsafe fstat(raw, &status) }
        try call("looking at a network namespace") { unsafe fstat(otherRaw, &others) }
        return status.st_dev == others.st_dev && status.st_ino == others.st_ino
    }
}
