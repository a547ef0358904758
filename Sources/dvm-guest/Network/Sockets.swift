internal import CLinux
internal import DVMProtocol
internal import Glibc

/// TCP and UDP sockets; none of them waits, all are close-on-exec.
enum Sockets {
    /// A socket that takes connections.
    static func listener(_ at: Endpoint, bothFamilies: Bool = false) throws(Refusal) -> OwnedDescriptor {
        try own("listening at \(at)") {
            var end = at.raw; return unsafe dvm_tcp_listener(&end, bothFamilies ? 1 : 0)
        }
    }

    /// A socket for datagrams to an address.
    static func datagrams(_ at: Endpoint) throws(Refusal) -> OwnedDescriptor {
        try own("receiving at \(at)") {
            var end = at.raw; return unsafe dvm_udp_bound(&end)
        }
    }

    /// A socket for datagrams, the other end of which is fixed.
    static func datagrams(to end: Endpoint) throws(Refusal) -> OwnedDescriptor {
        let made = try own("making a socket") { dvm_udp_socket(end.address.isV4 ? 0 : 1) }
        try call("connecting to \(end)") {
            var raw = end.raw; return unsafe dvm_connect(made.raw.rawValue, &raw)
        }
        return made
    }

    /// A socket for a connection to an address.
    static func stream(for address: IPAddress) throws(Refusal) -> OwnedDescriptor {
        try own("making a socket") { dvm_tcp_socket(address.isV4 ? 0 : 1) }
    }

    /// The next connection of a listener; nothing when there is none.
    static func accept(_ listener: FileDescriptor) -> OwnedDescriptor? {
        let made = dvm_accept(listener.rawValue)
        return made == -1 ? nil : OwnedDescriptor(FileDescriptor(rawValue: made))
    }

    /// Where a socket is itself; for a connection that was steered, what its client asked for.
    static func ownEnd(_ socket: FileDescriptor) -> Endpoint? {
        var end = dvm_endpoint()
        return unsafe dvm_own_end(socket.rawValue, &end) == 0 ? Endpoint(end) : nil
    }

    /// What came of a connection.
    enum Connecting: Equatable {
        case made
        case going
        case failed(Errno)
    }

    /// Begins to connect.
    static func connect(_ socket: FileDescriptor, to end: Endpoint) -> Connecting {
        var raw = end.raw
        guard unsafe dvm_connect(socket.rawValue, &raw) == -1 else { return .made }
        let error = Errno(rawValue: errno)
        return error == .nowInProgress || error == .interrupted ? .going : .failed(error)
    }

    /// What came of connecting, once the socket is writable.
    static func outcome(_ socket: FileDescriptor) -> Connecting {
        let error = dvm_socket_error(socket.rawValue)
        return error == 0 ? .made : .failed(Errno(rawValue: error))
    }

    /// Says that nothing more comes.
    static func endWriting(_ socket: FileDescriptor) { _ = dvm_end_writing(socket.rawValue) }

    /// Has the other side see a failure instead of an end when the socket is closed.
    static func closeAbruptly(_ socket: FileDescriptor) { dvm_reset_on_close(socket.rawValue) }

    /// Whether an address is one of this machine's in the caller's network namespace.
    ///
    /// A socket towards it says: from an address of its own to the very same. One of which that cannot be found out, as
    /// when there are no descriptors left, counts as one.
    static func isOwn(_ address: IPAddress) -> Bool {
        let made = dvm_udp_socket(address.isV4 ? 0 : 1)
        // Without a family of addresses, none of it is this machine's.
        guard made >= 0 else { return errno != EAFNOSUPPORT }
        let socket = OwnedDescriptor(FileDescriptor(rawValue: made))
        var raw = Endpoint(address, 9).raw
        guard unsafe dvm_connect(socket.raw.rawValue, &raw) == 0 else {
            // There is always a way to an address of one's own.
            return ![ENETUNREACH, EHOSTUNREACH].contains(errno)
        }
        guard let own = ownEnd(socket.raw) else { return true }
        return own.address == address
    }

    /// A datagram, and who sent it; nothing when there is none.
    static func receive(_ socket: FileDescriptor, into buffer: inout [UInt8]) -> (bytes: [UInt8], from: Endpoint)? {
        var from = dvm_endpoint()
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe dvm_receive_from(socket.rawValue, $0.baseAddress, $0.count, &from)
        }
        return count >= 0 ? (Array(buffer[..<count]), Endpoint(from)) : nil
    }

    /// Sends a datagram; one that is lost is sent again by who needs it.
    static func send(_ bytes: [UInt8], on socket: FileDescriptor, to end: Endpoint) {
        var raw = end.raw
        _ = unsafe bytes.withUnsafeBytes { unsafe dvm_send_to(socket.rawValue, $0.baseAddress, $0.count, &raw) }
    }

    /// Sends a datagram to the fixed other end of a socket.
    static func send(_ bytes: [UInt8], on socket: FileDescriptor) {
        _ = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(socket.rawValue, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
    }

    private static func own(_ doing: String, _ body: () -> Int32) throws(Refusal) -> OwnedDescriptor {
        OwnedDescriptor(FileDescriptor(rawValue: try call(doing, body)))
    }
}

extension Endpoint {
    /// As our C functions have it.
    var raw: dvm_endpoint {
        var raw = dvm_endpoint()
        unsafe withUnsafeMutableBytes(of: &raw.address) { unsafe $0.copyBytes(from: address.bytes) }
        raw.port = port
        return raw
    }

    init(_ raw: dvm_endpoint) {
        self.init(unsafe withUnsafeBytes(of: raw.address) { unsafe IPAddress(bytes: $0) }, raw.port)
    }
}
