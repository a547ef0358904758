internal import CLinux
internal import Glibc

/// An address on the internet; one of IPv4 is the IPv6 address that stands for it, ::ffff:a.b.c.d.
struct IPAddress: Hashable, CustomStringConvertible {
    /// The first and the last eight bytes, as numbers.
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address as a number: 0x7F000001 is 127.0.0.1.
    init(v4: UInt32) { self.init(high: 0, low: Self.v4Prefix | UInt64(v4)) }

    /// Sixteen bytes in the order of the network.
    init(bytes: some Sequence<UInt8>) {
        var halves: [UInt64] = [0, 0]
        for (index, byte) in bytes.prefix(16).enumerated() { halves[index / 8] = halves[index / 8] << 8 | UInt64(byte) }
        self.init(high: halves[0], low: halves[1])
    }

    /// Reads an address as it is always written: four plain decimal numbers, or hexadecimal groups.
    ///
    /// Not what programs take for an address too (`127.1`, `0x7f000001`, `2130706433`, a zone after `%`).
    init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, text, &bytes) == 1 {
            self.init(v4: bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) })
        } else if unsafe inet_pton(AF_INET6, text, &bytes) == 1 {
            self.init(bytes: bytes)
        } else {
            return nil
        }
    }

    private static let v4Prefix: UInt64 = 0xFFFF_0000_0000

    /// Whether it is one of IPv4.
    var isV4: Bool { high == 0 && low & ~0xFFFF_FFFF == Self.v4Prefix }

    /// In the order of the network.
    var bytes: [UInt8] {
        [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) } }
    }

    static let loopback = Self(v4: 0x7F00_0001)
    static let loopback6 = Self(high: 0, low: 1)
    /// Every address of the machine.
    static let any6 = Self(high: 0, low: 0)

    var description: String {
        let bytes = isV4 ? Array(bytes[12...]) : bytes
        var text = [CChar](repeating: 0, count: 64)
        guard unsafe inet_ntop(isV4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else {
            return "?"
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// One end of a connection.
struct Endpoint: Hashable, CustomStringConvertible {
    var address: IPAddress
    var port: UInt16

    init(_ address: IPAddress, _ port: UInt16) {
        self.address = address
        self.port = port
    }

    var description: String { address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}

/// Addresses that begin alike.
struct AddressRange: Hashable, CustomStringConvertible {
    let start: IPAddress
    /// How many bits they share, counted as is usual for the family.
    let length: Int

    init(_ start: IPAddress, _ length: Int) {
        self.start = start
        self.length = length
    }

    /// Whether an address is one of them.
    func contains(_ address: IPAddress) -> Bool {
        guard address.isV4 == start.isV4 else { return false }
        let bits = start.isV4 ? length + 96 : length
        let high = bits >= 64 ? UInt64.max : ~(UInt64.max >> UInt64(bits))
        let low = bits <= 64 ? 0 : bits >= 128 ? UInt64.max : ~(UInt64.max >> UInt64(bits - 64))
        return (address.high ^ start.high) & high == 0 && (address.low ^ start.low) & low == 0
    }

    var description: String { "\(start)/\(length)" }
}
