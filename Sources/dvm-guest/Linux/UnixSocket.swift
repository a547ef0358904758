internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Stream sockets of this VM, by path.
enum UnixSocket {
    /// A socket that waits for connections at a path where nothing is yet; who may connect is the directory's matter.
    static func listen(at path: FilePath) throws(Refusal) -> OwnedDescriptor {
        let socket = OwnedDescriptor(FileDescriptor(rawValue: try call("making a socket") { dvm_unix_socket() }))
        try call("making the socket \(path)") { unsafe address(of: path) { unsafe bind(socket.raw.rawValue, $0, $1) } }
        try call("listening at \(path)") { Glibc.listen(socket.raw.rawValue, 16) }
        return socket
    }

    /// A connection to whoever listens at a path.
    ///
    /// - Returns: nothing when the system refuses it; `failure` then says why.
    static func connect(to path: FilePath, failure: inout Errno?) throws(Refusal) -> OwnedDescriptor {
        let socket = OwnedDescriptor(FileDescriptor(rawValue: try call("making a socket") { dvm_unix_socket() }))
        let answer = unsafe address(of: path) { unsafe Glibc.connect(socket.raw.rawValue, $0, $1) }
        failure = answer == 0 ? nil : Errno(rawValue: errno)
        return socket
    }

    /// The uid of the process at the other end of a connection, by the kernel's word.
    static func peer(of connection: FileDescriptor) throws(Refusal) -> UInt32 {
        var uid: uid_t = 0
        try call("asking who connected") { unsafe dvm_peer_uid(connection.rawValue, &uid) }
        return uid
    }

    private static func address(of path: FilePath, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.string.utf8)
        // The last byte stays zero.
        precondition(bytes.count < MemoryLayout.size(ofValue: address.sun_path), "a socket's path of ours is short")
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return unsafe withUnsafePointer(to: address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
