/// What a session of an agent reaches.
public struct NetworkPolicy: Hashable, Codable, Sendable {
    /// What lies behind the session's own network namespace.
    public var uplink = Uplink.open
    /// With `allow`: what may be reached beside the tool's own servers.
    public var hosts: [HostRule] = []
    /// Ports of the VM's loopback that the session finds on its own.
    public var local: [UInt16] = []
    /// Declared ports of the VM that lead to a server the session runs: the guest's side of `DVM_PORTS`.
    public var served: [UInt16] = []

    /// The internet, and nothing of the VM.
    public init() {}

    /// What lies behind a session's own network namespace.
    public enum Uplink: String, CaseIterable, Hashable, Codable, Sendable {
        /// The internet, but no private address.
        case open
        /// Named hosts, through a proxy.
        case allow
        /// Nothing.
        case none
    }
}

/// A host and port an agent may reach.
public struct HostRule: Hashable, Codable, Sendable, CustomStringConvertible {
    /// A host name in lower case without a dot at its end, or an address as it is written.
    public var host: String
    /// The port there.
    public var port: UInt16

    /// Reads `api.example.org`, which means port 443, or `host:port`.
    ///
    /// Names are exact: there are no patterns, since a pattern allows hosts nobody has looked at. Other letters than
    /// ASCII come as punycode.
    ///
    /// - Throws: a `Refusal` saying how to write one.
    public init(_ text: String) throws(Refusal) {
        let hint = "write a host such as api.example.org, or host:port; there are no patterns"
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let name = Self.name(parts[0]) else {
            throw Refusal("“\(text.printable)” does not name a host", hint: hint)
        }
        guard parts.count == 2 else {
            self.init(host: name, port: 443)
            return
        }
        guard let port = PortNumber.read(parts[1]) else {
            throw Refusal("“\(parts[1].description.printable)” in “\(text.printable)” is not a port", hint: hint)
        }
        self.init(host: name, port: port)
    }

    /// A rule for a host name that is one.
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// As `DVM_AI_HOSTS` has it.
    public var description: String { port == 443 ? host : "\(host):\(port)" }

    /// A host name as rules compare it: in lower case, without the dot that may end it (RFC 1034, 3.1).
    ///
    /// - Returns: nothing when no host can be called so.
    public static func name(_ text: some StringProtocol) -> String? {
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let letters = "abcdefghijklmnopqrstuvwxyz0123456789-_"
        let plain = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.allSatisfy(letters.contains) && label.first != "-"
                && label.last != "-"
        }
        return plain && name.utf8.count <= 253 ? name : nil
    }
}

/// The rule for port numbers in configurations.
public enum PortNumber {
    /// The port that plain decimal digits write; nothing for anything else, and for 0.
    public static func read(_ digits: some StringProtocol) -> UInt16? {
        guard (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = UInt16(digits), port > 0
        else { return nil }
        return port
    }
}
