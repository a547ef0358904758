internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A domain of Landlock around the tool: one more wall between it and what else runs as the agent.
///
/// A process inside a domain can trace only processes of that domain, so that even the first process of the sandbox,
/// which runs as the same user, is out of reach; from version 6 on (Linux 6.12) it can neither signal processes outside
/// nor connect to their abstract sockets. Ports are not restricted here: a rule for a port would hold for the session's
/// own loopback too, where tools run servers, and the session's network namespace bounds everything else.
struct Landlock: Equatable {
    /// File rights the domain takes away unless they are allowed.
    var handled: UInt64
    /// Those that are allowed again, everywhere.
    var allowed: UInt64
    var scopes: UInt64
    /// Bytes of the rules this kernel knows.
    var size: Int

    /// Making a block device, which nobody in the sandbox could; but a domain must take something away.
    static let makeBlockDevice: UInt64 = 1 << 11
    /// Renaming and linking from one directory to another, known since version 2.
    ///
    /// Every domain that says anything about files takes it away unless it is allowed.
    static let refer: UInt64 = 1 << 13
    static let abstractSocketsAndSignals: UInt64 = 0b11

    /// What a kernel with a version of Landlock can do; nothing where it can do nothing for us.
    ///
    /// - Parameters:
    ///   - version: of the kernel's interface, 0 or less where it has none.
    ///   - nesting: whether tools make sandboxes of their own. A domain that says anything about files forbids mounting.
    init?(version: Int32, nesting: Bool) {
        if version >= 6 {
            (handled, allowed, scopes, size) = (0, 0, Self.abstractSocketsAndSignals, 24)
        } else if version >= 2, !nesting {
            (handled, allowed, scopes, size) = (Self.makeBlockDevice | Self.refer, Self.refer, 0, 8)
        } else {
            return nil
        }
    }

    /// Encloses this process, once `no_new_privs` is set, for good.
    ///
    /// Best effort: a kernel without Landlock is not refused. One that has it and does not do it is.
    static func enclose(version: Int32 = dvm_landlock_version(), nesting: Bool) throws(Refusal) {
        guard let domain = Self(version: version, nesting: nesting) else { return }
        let rules = OwnedDescriptor(
            FileDescriptor(
                rawValue: try call("making rules for Landlock") {
                    dvm_landlock_rules(domain.handled, domain.scopes, domain.size)
                }
            )
        )
        if domain.allowed != 0 {
            let top = OwnedDescriptor(
                FileDescriptor(rawValue: try call("opening /") { unsafe open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
            )
            try call("allowing what a domain of Landlock takes away") {
                dvm_landlock_allow(rules.raw.rawValue, domain.allowed, top.raw.rawValue)
            }
        }
        try call("entering a domain of Landlock") { dvm_landlock_restrict(rules.raw.rawValue) }
    }
}
