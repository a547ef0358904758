internal import DVMProtocol

/// Addresses and ports of this host.
enum LocalPort {
    enum Finding: Hashable, Sendable {
        case free, taken, notOurAddress
        /// Not known, such as a port that only root may open: Lima will find out.
        case unknown
    }

    /// Whether a text is an address of IPv4 or IPv6 as the C library reads it, without names and short forms.
    ///
    /// The corresponding C function is `inet_pton`.
    static func isAddress(_ text: String) -> Bool {
        var room = in6_addr()
        return unsafe text.withCString { text in
            unsafe inet_pton(AF_INET, text, &room) == 1 || inet_pton(AF_INET6, text, &room) == 1
        }
    }

    /// Whether somebody listens already, found by trying to.
    static func look(at address: String, port: UInt16) -> Finding {
        do throws(Errno) {
            let listener = try open(at: address, port: port)
            try? listener.close()
            return .free
        } catch {
            return switch error {
            case .addressInUse: .taken
            case .addressNotAvailable: .notOurAddress
            default: .unknown
            }
        }
    }

    /// Listens on a port, where some connections may wait to be accepted.
    ///
    /// - Throws: whatever the system says.
    static func open(at address: String, port: UInt16, waiting: Int32 = 1) throws(Errno) -> FileDescriptor {
        var wanted = unsafe addrinfo()
        unsafe wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        // SOCK_STREAM, which is an enumeration in one C library and a number in the other.
        unsafe wanted.ai_socktype = 1
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(address, "\(port)", &wanted, &list) == 0, let found = unsafe list else {
            throw .invalidArgument
        }
        defer { unsafe freeaddrinfo(found) }

        let number = unsafe socket(found.pointee.ai_family, found.pointee.ai_socktype, 0)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        let listener = FileDescriptor(rawValue: number)
        // Connections of a listener that is gone linger for minutes and hinder nobody.
        var yes: Int32 = 1
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        // macOS lets two sockets share a port when their addresses differ only by being a wildcard; listening does not.
        guard unsafe bind(number, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0,
            listen(number, waiting) == 0
        else {
            let failure = Errno(rawValue: errno)
            try? listener.close()
            throw failure
        }
        return listener
    }
}

extension LocalPort {
    /// Has a socket wait for nobody, and keeps it from programs that are started.
    static func makeOurs(_ socket: FileDescriptor) {
        _ = fcntl(socket.rawValue, F_SETFD, FD_CLOEXEC)
        _ = fcntl(socket.rawValue, F_SETFL, O_NONBLOCK)
    }

    /// The connection of whoever waits to be let in; nothing when they have left again, or when it cannot be waited for.
    static func connection(from listener: FileDescriptor) -> FileDescriptor? {
        let number = accept(listener.rawValue, nil, nil)
        guard number >= 0 else { return nil }
        let socket = FileDescriptor(rawValue: number)
        guard number < Readiness.limit else {
            try? socket.close()
            return nil
        }
        makeOurs(socket)
        return socket
    }

    /// What has come over a connection; nothing when there is nothing now, and no bytes at its end.
    static func read(from socket: FileDescriptor) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        do {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe socket.read(into: $0) }
            return Array(buffer[..<count])
        } catch {
            let waits = [Errno.interrupted, .resourceTemporarilyUnavailable].contains { $0 == error as? Errno }
            return waits ? nil : []
        }
    }

    /// Says that nothing more comes.
    static func endWriting(_ socket: FileDescriptor) {
        // SHUT_WR, which is an enumeration in one C library and a number in the other.
        _ = shutdown(socket.rawValue, 1)
    }
}
