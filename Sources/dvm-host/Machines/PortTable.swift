internal import DVMProtocol

/// The ports of a VM: those declared, and those on which somebody listens.
struct PortTable: Hashable, Sendable, Encodable {
    /// A declared port and what becomes of it.
    struct Declared: Hashable, Sendable, Encodable {
        var address: String
        var host: UInt16
        var guest: UInt16
        /// Whether the VM was started with it.
        var isInEffect: Bool
        /// Whether somebody listens where it leads.
        var isServed: Bool
    }

    var declared: [Declared]
    var listening: [ListeningPort]

    init(_ declared: [PortForward], inEffect: [PortForward], listening: [ListeningPort]) {
        self.listening = listening
        self.declared = declared.sorted().map { forward in
            Declared(
                address: forward.address,
                host: forward.host,
                guest: forward.guest,
                isInEffect: inEffect.contains(forward),
                isServed: listening.contains { $0.port == forward.guest && $0.isReached }
            )
        }
    }

    /// A row for every program that listens, and one for every declared port that leads to none.
    var table: Table {
        func place(_ forward: Declared) -> String {
            let address = forward.address.contains(":") ? "[\(forward.address)]" : forward.address
            return "\(address):\(forward.host)\(forward.isInEffect ? "" : " after sync")"
        }
        var rows: [(port: UInt16, cells: [String])] = listening.map { port in
            let ways = port.isReached ? declared.filter { $0.guest == port.port }.map(place) : []
            return (
                port.port,
                [
                    "\(port.port)", port.address, port.user ?? "uid \(port.uid)", port.program ?? "-",
                    port.session?.text ?? "-", ways.isEmpty ? "-" : ways.joined(separator: " "),
                ]
            )
        }
        for forward in declared where !forward.isServed {
            rows.append((forward.guest, ["\(forward.guest)", "-", "-", "nothing listens", "-", place(forward)]))
        }
        // Stable, so that a port's own order stays.
        let order = rows.indices.sorted { (rows[$0].port, $0) < (rows[$1].port, $1) }
        return Table(
            headings: ["PORT", "ADDRESS", "OWNER", "PROGRAM", "SESSION", "ON THIS COMPUTER"],
            rows: order.map { rows[$0].cells }
        )
    }
}

extension PortForward {
    /// The page behind it, as a browser on this computer reaches it: made of our own numbers only.
    var url: String {
        switch address {
        case "0.0.0.0": "http://127.0.0.1:\(host)"
        case "::": "http://[::1]:\(host)"
        case let address where address.contains(":"): "http://[\(address)]:\(host)"
        default: "http://\(address):\(host)"
        }
    }

    /// The forward a person means by a port of the VM's or of this computer's, or the only one.
    ///
    /// - Throws: a `UsageRefusal` that lists the declared ones.
    static func meant(by port: UInt16?, among declared: [Self], of vm: MachineName) throws(UsageRefusal) -> Self {
        let list = declared.sorted().map(\.description).joined(separator: " ")
        guard !declared.isEmpty else {
            throw UsageRefusal(
                refusal: Refusal(
                    "\(vm) has no declared port",
                    hint: "write DVM_PORTS=\"\(port ?? 3000):\(port ?? 3000)\" into its configuration, "
                        + "then `dvm sync \(vm)`"
                )
            )
        }
        guard let port else {
            if declared.count == 1 { return declared[0] }
            throw UsageRefusal(
                refusal: Refusal(
                    "\(vm) has several declared ports: \(list)",
                    hint: "say which, such as `dvm open \(vm) \(declared.sorted()[0].host)`"
                )
            )
        }
        let found = declared.filter { $0.host == port || $0.guest == port }
        guard found.count < 2 else {
            throw UsageRefusal(
                refusal: Refusal(
                    "\(port) is several of the declared ports of \(vm): \(list)",
                    hint: "name another number of the one you mean"
                )
            )
        }
        guard let only = found.first else {
            throw UsageRefusal(
                refusal: Refusal(
                    "\(port) is no declared port of \(vm): \(list)",
                    hint: "add “\(port):\(port)” to its DVM_PORTS, then `dvm sync \(vm)`"
                )
            )
        }
        return only
    }
}
