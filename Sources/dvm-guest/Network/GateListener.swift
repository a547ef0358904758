internal import DVMProtocol

/// A listening socket of the gate, and what becomes of those who connect to it.
struct GateListener {
    enum Purpose: Equatable {
        /// Whatever address the session connects to arrives here.
        case everywhere
        /// Requests to the proxy.
        case proxy
        /// A port of the VM's loopback, let into the session.
        case local(UInt16)
        /// Questions about names that are too long for a datagram.
        case names
        /// A port of the VM that leads to a server in the session.
        case served(UInt16)
    }

    let purpose: Purpose
    let socket: SharedDescriptor
    /// Where it is among the descriptors the loop waits for.
    var place: Int?

    init(_ purpose: Purpose, _ socket: consuming OwnedDescriptor) {
        self.purpose = purpose
        self.socket = SharedDescriptor(socket)
    }

    /// Both ends of a port of a loopback, the usual one first.
    static func loopback(_ port: UInt16) -> [Endpoint] { [Endpoint(.loopback, port), Endpoint(.loopback6, port)] }
}
