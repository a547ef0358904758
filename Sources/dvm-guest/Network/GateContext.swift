internal import CLinux
internal import DVMProtocol
internal import Glibc

/// What every connection of the gate decides with.
final class GateContext {
    let rules: DestinationRules
    let journal: GateJournal
    /// Lookups that run at the moment; each is a process.
    var lookups = 0
    static let mostLookups = 16

    private let routes: KernelFile
    private let routes6: KernelFile?
    private let maker: SharedDescriptor?

    /// The maker makes sockets in the session's namespace; without one nobody there is connected to.
    init(
        rules: DestinationRules,
        journal: GateJournal,
        routes: KernelFile,
        routes6: KernelFile?,
        maker: SharedDescriptor?
    ) {
        self.rules = rules
        self.journal = journal
        self.routes = routes
        self.routes6 = routes6
        self.maker = maker
    }

    /// Whether an address is the VM's or a neighbour's, as its routing tables are now: it may have moved since we started.
    ///
    /// One of which that cannot be found out counts as near, which closes it.
    func isNear(_ address: IPAddress) -> Bool {
        guard let near = try? Self.neighbourhood(routes, routes6) else { return true }
        return near.contains(address) || Sockets.isOwn(address)
    }

    /// The neighbourhood by two tables of the kernel; the second is missing where there is no IPv6.
    ///
    /// - Throws: a `Refusal` when one cannot be read.
    static func neighbourhood(_ routes: KernelFile, _ routes6: KernelFile?) throws(Refusal) -> Neighbourhood {
        Neighbourhood(route: try routes.read(), route6: try routes6?.read() ?? "")
    }

    /// A socket to connect to an address with.
    func socket(for address: IPAddress, in place: GateConnection.Place) throws(Refusal) -> OwnedDescriptor {
        switch place {
        case .vm: return try Sockets.stream(for: address)
        case .session:
            guard let maker else { throw Refusal("nobody makes sockets in the session") }
            let made = try call("making a socket in the session") {
                dvm_request_socket(maker.raw.rawValue, address.isV4 ? 0 : 1)
            }
            return OwnedDescriptor(FileDescriptor(rawValue: made))
        }
    }
}
