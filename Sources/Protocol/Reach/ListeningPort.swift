/// A port of a VM on which a program listens.
public struct ListeningPort: Hashable, Codable, Sendable {
    /// The address it listens at, such as `127.0.0.1` or `::`.
    public var address: String
    /// The port, of TCP.
    public var port: UInt16
    /// Who opened it.
    public var uid: UInt32
    /// The name of that account; absent when it has none.
    public var user: String?
    /// What the kernel calls the program, which gave itself that name; absent when it cannot be told.
    public var program: String?
    /// The session of an agent it is in, whose network is not the VM's.
    public var session: SessionID?

    /// The most that are told; there may be more.
    public static let most = 500

    /// A finding.
    public init(
        address: String,
        port: UInt16,
        uid: UInt32,
        user: String? = nil,
        program: String? = nil,
        session: SessionID? = nil
    ) {
        self.address = address
        self.port = port
        self.uid = uid
        self.user = user
        self.program = program
        self.session = session
    }

    /// Whether a declared port reaches it: those lead to the VM's loopback, and to that of IPv4.
    public var isReached: Bool { session == nil && ["127.0.0.1", "0.0.0.0", "::"].contains(address) }
}
