internal import CLinux
internal import DVMProtocol

/// The sockets through which a session reaches the gate, and what it takes to reach the session; made by root.
struct GateDoors {
    var listeners: [GateListener] = []
    var names: NameForwarder?
    var served: ServedPorts?
    /// What has every connection arrive at us; without it they are refused.
    var steering: SharedDescriptor?

    /// Makes what is inside the session; the caller is in its network namespace.
    ///
    /// What is near is the VM's own network, of which the session shall not even seem to have a part.
    ///
    /// - Throws: a `Refusal` when the session cannot have what was ordered.
    init(inside order: GateOrder, near: Neighbourhood, resolvers: [IPAddress]) throws(Refusal) {
        let network = order.network
        try call("bringing the session's loopback up") { dvm_raise_loopback() }
        for port in network.local {
            listeners.append(GateListener(.local(port), try Sockets.listener(Endpoint(.loopback, port))))
            // A kernel without IPv6 has no such loopback, and no client that looks there.
            if let listener = try? Sockets.listener(Endpoint(.loopback6, port)) {
                listeners.append(GateListener(.local(port), listener))
            }
        }
        switch network.uplink {
        case .none: break
        case .allow:
            let end = Endpoint(.loopback, network.proxyPort)
            listeners.append(GateListener(.proxy, try Sockets.listener(end)))
        case .open: try openEverything(network, near: near, resolvers: resolvers)
        }
        let ports = network.servable
        guard !ports.isEmpty else { return }
        // Opened here, they go on telling of this namespace.
        let table = try KernelFile("/proc/self/net/tcp")
        let table6 = try KernelFile.ifPresent("/proc/self/net/tcp6")
        served = ServedPorts(ports, tables: [table, table6].compactMap(\.self))
    }

    private mutating func openEverything(_ network: NetworkPolicy, near: Neighbourhood, resolvers: [IPAddress])
        throws(Refusal)
    {
        let own = SessionAddress.own
        var raw = Endpoint(own, 0).raw
        try call("giving the session an address") { unsafe dvm_add_loopback_address(&raw) }
        // One family only, IPv6 where there is no IPv4: a client that tries the other one first could not tell from
        // outside that it leads nowhere, since the gate answers before the server does.
        if near.leadsOut || !near.leadsOut6 {
            try route(AddressRange(IPAddress(v4: 0), 0), .local, from: own)
        } else {
            var raw = Endpoint(SessionAddress.own6, 0).raw
            try call("giving the session an address") { unsafe dvm_add_loopback_address(&raw) }
            try route(AddressRange(.any6, 0), .local, from: SessionAddress.own6)
        }
        // A second wall, and an answer at once where the gate's would come after the connection seems made.
        for range in ClosedAddresses.table.map(\.range) + near.ranges { try? route(range, .prohibited, from: own) }
        // The gate decides about the port.
        for address in network.hosts.compactMap({ IPAddress($0.host) }) {
            try? route(AddressRange(address, address.isV4 ? 32 : 128), .local, from: own)
        }
        let listener = try Self.listenerForAll()
        let link = try call("having the session's connections arrive at dvm") {
            unsafe dvm_steer(listener.raw.rawValue, &raw)
        }
        steering = SharedDescriptor(OwnedDescriptor(FileDescriptor(rawValue: link)))
        listeners.append(GateListener(.everywhere, listener))
        listeners.append(GateListener(.names, try Sockets.listener(Endpoint(own, 53))))
        names = NameForwarder(listener: try Sockets.datagrams(Endpoint(own, 53)), resolvers: resolvers)
    }

    private static func listenerForAll() throws(Refusal) -> OwnedDescriptor {
        if let both = try? Sockets.listener(Endpoint(.any6, 0), bothFamilies: true) { return both }
        return try Sockets.listener(Endpoint(IPAddress(v4: 0), 0))
    }

    private enum Route { case local, prohibited }

    private func route(_ range: AddressRange, _ kind: Route, from source: IPAddress) throws(Refusal) {
        var start = Endpoint(range.start, 0).raw
        var source = Endpoint(source, 0).raw
        try call("adding a route for \(range) to the session") {
            unsafe dvm_add_route(
                &start,
                Int32(range.length),
                kind == .local ? DVM_ROUTE_LOCAL : DVM_ROUTE_PROHIBITED,
                &source
            )
        }
    }
}
