internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A connection to the launcher of this VM.
enum AgentConnection {
    /// Connects to the agents' socket.
    ///
    /// - Throws: a `Refusal` that says who may, or what is missing.
    static func open() throws(Refusal) -> OwnedDescriptor {
        let connection = OwnedDescriptor(
            FileDescriptor(rawValue: try call("making a socket") { dvm_unix_socket() })
        )
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = AgentSocket.path.string
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let connected = unsafe withUnsafePointer(to: address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(connection.raw.rawValue, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else {
            switch Errno(rawValue: errno) {
            case .permissionDenied:
                throw Refusal(
                    "only the VM's user may start AI tools here",
                    hint: "use `dvm sh` or `dvm ai` on the host"
                )
            case .noSuchFileOrDirectory, .connectionRefused:
                throw Refusal("dvm's launcher does not run in this VM", hint: "run `dvm sync` for it on the host")
            case let error:
                throw Refusal("\(path): \(error)")
            }
        }
        return connection
    }
}
