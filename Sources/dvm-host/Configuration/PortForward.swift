internal import DVMProtocol

/// A port of this host that leads to a port in the VM.
struct PortForward: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// An address of this host; loopback unless one was written.
    var address: String
    var host: UInt16
    var guest: UInt16

    static let loopback = "127.0.0.1"

    init(address: String = loopback, host: UInt16, guest: UInt16) {
        self.address = address
        self.host = host
        self.guest = guest
    }

    /// Reads `3000:3000`, `192.168.1.5:8080:80` or `[::1]:8080:80`; where no address is written, it is `standard`.
    ///
    /// - Throws: a `Refusal` saying how to write one.
    init(_ text: String, address standard: String = loopback) throws(Refusal) {
        let hint = "write host:guest such as 8080:80, or address:host:guest such as 0.0.0.0:8080:80 or [::1]:8080:80"
        var rest = text[...]
        if text.hasPrefix("[") {
            guard let end = text.firstRange(of: "]:") else {
                throw Refusal("“\(text.printable)” is not a port forward", hint: hint)
            }
            address = String(text[text.index(after: text.startIndex)..<end.lowerBound])
            rest = text[end.upperBound...]
            guard address.contains(":"), LocalPort.isAddress(address) else {
                throw Refusal("“\(address.printable)” in “\(text.printable)” is not an address of IPv6", hint: hint)
            }
        } else {
            address = standard
        }

        var parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 3, !text.hasPrefix("[") {
            address = String(parts.removeFirst())
            guard LocalPort.isAddress(address) else {
                throw Refusal(
                    "“\(address.printable)” in “\(text.printable)” is not an address of this host",
                    hint: hint
                )
            }
        }
        guard parts.count == 2 else { throw Refusal("“\(text.printable)” is not a port forward", hint: hint) }
        host = try Self.port(parts[0], in: text)
        guest = try Self.port(parts[1], in: text)
    }

    private static func port(_ digits: Substring, in text: String) throws(Refusal) -> UInt16 {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = UInt16(digits), port > 0
        else {
            throw Refusal(
                "“\(digits.printable)” in “\(text.printable)” is not a port",
                hint: "use a number from 1 to 65535"
            )
        }
        return port
    }

    /// Refuses forwards of which two want the same port of this host.
    ///
    /// - Throws: a `Refusal` naming the port.
    static func check(_ forwards: [Self]) throws(Refusal) {
        for (index, forward) in forwards.enumerated() {
            let isWide = Self.everywhere.contains(forward.address)
            let clash = forwards[..<index].first {
                $0.host == forward.host
                    && (isWide || Self.everywhere.contains($0.address) || $0.address == forward.address)
            }
            if let clash {
                throw Refusal(
                    "port \(forward.host) of this host is forwarded twice, by \(clash) and by \(forward)",
                    hint: "use another port of this host for one of them"
                )
            }
        }
    }

    private static let everywhere: Set<String> = ["0.0.0.0", "::"]

    /// As it is written in a configuration.
    var description: String {
        switch address {
        case Self.loopback: "\(host):\(guest)"
        case let address where address.contains(":"): "[\(address)]:\(host):\(guest)"
        default: "\(address):\(host):\(guest)"
        }
    }

    static func < (a: Self, b: Self) -> Bool { (a.host, a.guest, a.address) < (b.host, b.guest, b.address) }
}

extension Substring {
    fileprivate var printable: String { String(self).printable }
}
