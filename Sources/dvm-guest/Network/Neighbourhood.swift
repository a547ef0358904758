internal import Glibc

/// The networks this VM is itself part of: who is there answers without a router in between.
///
/// Other VMs, the host and machines of the same office have addresses of the internet too when the network is bridged
/// or IPv6; no table of private ranges knows them, the VM's routing table does.
struct Neighbourhood: Equatable {
    var ranges: [AddressRange] = []
    /// Whether there is a way to the rest of the world.
    var leadsOut = false
    var leadsOut6 = false

    /// Whether an address is this VM's or a neighbour's.
    func contains(_ address: IPAddress) -> Bool { ranges.contains { $0.contains(address) } }

    /// Reads the kernel's tables as `/proc/net/route` and `/proc/net/ipv6_route` show them.
    init(route: String, route6: String) {
        for line in route.split(separator: "\n").dropFirst() { add(line.split(whereSeparator: \.isWhitespace)) }
        for line in route6.split(separator: "\n") { add6(line.split(whereSeparator: \.isWhitespace)) }
    }

    /// RTF_GATEWAY and RTF_REJECT.
    private static let gateway: UInt32 = 0x2
    private static let reject: UInt32 = 0x200
    /// Shorter prefixes without a router are the whole world through a tunnel, cut in two or not.
    private static let shortest = 8

    /// Interface, destination, gateway, flags, three counts, mask; addresses as words of this machine.
    private mutating func add(_ fields: [Substring]) {
        guard fields.count >= 8, let destination = UInt32(fields[1], radix: 16),
            let flags = UInt32(fields[3], radix: 16),
            let mask = UInt32(fields[7], radix: 16)
        else { return }
        add(
            AddressRange(IPAddress(v4: UInt32(bigEndian: destination)), mask.nonzeroBitCount),
            routed: flags & Self.gateway != 0,
            refused: flags & Self.reject != 0
        )
    }

    /// Destination and its length, source and its length, next hop, metric, two counts, flags, interface.
    private mutating func add6(_ fields: [Substring]) {
        guard fields.count >= 10, fields[0].count == 32, let high = UInt64(fields[0].prefix(16), radix: 16),
            let low = UInt64(fields[0].suffix(16), radix: 16), let length = Int(fields[1], radix: 16),
            let flags = UInt32(fields[8], radix: 16), (0...128).contains(length)
        else { return }
        let start = IPAddress(high: high, low: low)
        guard !start.isV4 else { return }
        add(
            AddressRange(start, length),
            routed: flags & Self.gateway != 0,
            refused: flags & Self.reject != 0 || fields[9] == "lo" && length == 0
        )
    }

    private mutating func add(_ range: AddressRange, routed: Bool, refused: Bool) {
        guard !refused else { return }
        if range.length < Self.shortest {
            if range.start.isV4 { leadsOut = true } else { leadsOut6 = true }
        } else if !routed {
            ranges.append(range)
        }
    }
}
