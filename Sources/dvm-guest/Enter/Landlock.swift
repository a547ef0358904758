internal import CLinux
internal import DVMProtocol

/// A domain of Landlock around the tool: one more wall between it and what else runs as the agent.
///
/// A process inside a domain can trace only processes of that domain, so that even the first process of the sandbox,
/// which runs as the same user, is out of reach; from version 6 on (Linux 6.12) it can neither signal processes outside
/// nor connect to their abstract sockets. Ports are not restricted here: a rule for a port would hold for the session's
/// own loopback too, where tools run servers, and the session's network namespace bounds everything else.
struct Landlock: Equatable {
    /// What is asked of the kernel.
    var files: UInt64
    var scopes: UInt64
    /// Bytes of the rules this kernel knows.
    var size: Int

    /// Making a block device, which nobody in the sandbox could; but a domain must forbid something.
    static let makeBlockDevice: UInt64 = 1 << 11
    static let abstractSocketsAndSignals: UInt64 = 0b11

    /// What a kernel with a version of Landlock can do; nothing where it can do nothing for us.
    ///
    /// - Parameters:
    ///   - version: of the kernel's interface, 0 or less where it has none.
    ///   - nesting: whether tools make sandboxes of their own. A domain that says anything about files forbids mounting.
    init?(version: Int32, nesting: Bool) {
        guard version >= 1, !nesting || version >= 6 else { return nil }
        files = nesting ? 0 : Self.makeBlockDevice
        scopes = version >= 6 ? Self.abstractSocketsAndSignals : 0
        size = version >= 6 ? 24 : 8
    }

    /// Encloses this process, once `no_new_privs` is set, for good.
    ///
    /// Best effort: a kernel without Landlock is not refused. One that has it and does not do it is.
    static func enclose(nesting: Bool) throws(Refusal) {
        guard let domain = Self(version: dvm_landlock_version(), nesting: nesting) else { return }
        let rules = try call("making rules for Landlock") {
            dvm_landlock_rules(domain.files, domain.scopes, domain.size)
        }
        let descriptor = OwnedDescriptor(FileDescriptor(rawValue: rules))
        try call("entering a domain of Landlock") { dvm_landlock_restrict(descriptor.raw.rawValue) }
    }
}
