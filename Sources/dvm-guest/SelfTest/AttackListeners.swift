internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Sockets outside the sandbox that take every connection: the kernel completes it, and nobody reads.
struct AttackListeners: ~Copyable {
    /// The port, the same on every address.
    let port: UInt16
    /// The VM's own addresses beside its loopback.
    let addresses: [String]
    private let sockets: [OwnedSocket]

    init(directory: String, abstractName: String) throws(Refusal) {
        var sockets: [OwnedSocket] = []
        for name in [abstractName, "\(directory)/socket"] {
            sockets.append(OwnedSocket(try call("listening on \(name)") { unsafe dvm_listen_unix(name) }))
        }
        try call("opening \(directory)/socket to everyone") { unsafe chmod("\(directory)/socket", 0o777) }
        var port: UInt16 = 0
        sockets.append(OwnedSocket(try call("listening on the loopback") { unsafe dvm_listen_tcp("127.0.0.1", &port) }))
        // Where an address or the port on it is not to be had, the attack on it finds nothing, and its control neither.
        let addresses = Self.ownAddresses()
        for address in ["::1"] + addresses {
            let socket = unsafe dvm_listen_tcp(address, &port)
            if socket >= 0 { sockets.append(OwnedSocket(socket)) }
        }
        self.port = port
        self.addresses = addresses
        self.sockets = sockets
    }

    /// Removes a directory that was made for listeners, and their socket in it.
    static func remove(_ directory: String) {
        unsafe unlink("\(directory)/socket")
        unsafe rmdir(directory)
    }

    private static func ownAddresses() -> [String] {
        var buffer = [CChar](repeating: 0, count: 1024)
        let count = unsafe dvm_own_addresses(&buffer, buffer.count)
        return String(decoding: buffer.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
            .split(separator: "\n").prefix(8).map(String.init)
    }

    /// The routers of the VM's default routes over IPv4, as `/proc/net/route` has them.
    static func gateways() -> [String] { gateways(in: (try? TextFile.read("/proc/net/route")) ?? "") }

    static func gateways(in table: String) -> [String] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            // In the byte order of the network, read as a number of this machine: both are little-endian ones.
            guard fields.count > 2, fields[1] == "00000000", let router = UInt32(fields[2], radix: 16), router != 0
            else { return nil }
            return (0..<4).map { String(router >> (8 * $0) & 0xFF) }.joined(separator: ".")
        }
    }

    /// The path of an open file, as the kernel has it.
    static func path(of file: FileDescriptor) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = unsafe readlink("/proc/self/fd/\(file.rawValue)", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// A socket in an array, which holds no value that cannot be copied.
private final class OwnedSocket {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}
