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

    /// The one a process is in; whoever enters it has to `check` it, since the number may have become another's.
    static func of(process pid: Int32) throws(Refusal) -> Self { try Self("/proc/\(pid)/ns/net") }

    /// What tells it from every other there is at the same time.
    borrowing func number() throws(Refusal) -> UInt64 {
        var status = stat()
        let raw = file.raw.rawValue
        try call("looking at a network namespace") { unsafe fstat(raw, &status) }
        return UInt64(status.st_ino)
    }

    /// Takes this process, and what it starts from now on, out of its network into an empty one with its loopback down.
    static func leave() throws(Refusal) {
        let before = try own().number()
        try call("making a network namespace") { dvm_unshare_network() }
        guard try own().number() != before else { throw Refusal("the kernel left the session in the VM's network") }
    }

    /// Refuses when this process is not in the namespace that it was told is the session's.
    static func check(_ expected: UInt64?) throws(Refusal) {
        guard let expected, try own().number() != expected else { return }
        throw Refusal("this process is not in the session's network", hint: "start the session again")
    }

    /// Brings up the loopback of the namespace this process is in.
    static func raiseLoopback() throws(Refusal) { try call("bringing the loopback up") { dvm_raise_loopback() } }

    /// Enters it with this process and what it starts from now on; sockets it has stay where they were made.
    borrowing func enter() throws(Refusal) {
        let raw = file.raw.rawValue
        try call("entering a network namespace") { dvm_enter_network(raw) }
    }
}
