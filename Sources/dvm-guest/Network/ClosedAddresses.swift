/// The addresses that are not the internet, with what they are: no agent gets there unless a person named the address.
enum ClosedAddresses {
    /// The range an address lies in; nothing when it is one of the internet.
    static func reason(_ address: IPAddress) -> String? { table.first { $0.range.contains(address) }?.what }

    /// By IANA's registries of special-purpose addresses (RFC 6890 and its successors), and clouds' own services.
    static let table: [(range: AddressRange, what: String)] = [
        ("0.0.0.0", 8, "this machine"),
        ("10.0.0.0", 8, "a private network"),
        ("100.64.0.0", 10, "a provider's or VPN's inner network"),
        ("127.0.0.0", 8, "the VM's loopback"),
        ("168.63.129.16", 32, "a cloud's metadata"),
        ("169.254.0.0", 16, "the local link, or a cloud's metadata"),
        ("172.16.0.0", 12, "a private network"),
        ("192.0.0.0", 24, "reserved"),
        ("192.0.2.0", 24, "for documentation; the session's own"),
        ("192.88.99.0", 24, "a relay to IPv6"),
        // Lima's gateway, at which the host's own services answer, among them.
        ("192.168.0.0", 16, "a private network"),
        ("198.18.0.0", 15, "for benchmarks"),
        ("198.51.100.0", 24, "for documentation"),
        ("203.0.113.0", 24, "for documentation"),
        ("224.0.0.0", 4, "multicast"),
        ("240.0.0.0", 4, "reserved"),
        // Of IPv6 only 2000::/3 is given out; these three are everything beside it: loopback, IPv4 in IPv6 of several
        // kinds, private networks, the local link, multicast.
        ("::", 3, "not the internet"),
        ("4000::", 2, "not the internet"),
        ("8000::", 1, "not the internet"),
        ("2001::", 23, "a tunnel, or reserved"),
        ("2001:db8::", 32, "for documentation; the session's own"),
        // Each holds an IPv4 address, which may be any of the above.
        ("2002::", 16, "IPv4 in IPv6"),
        ("3fff::", 20, "for documentation"),
    ].map { (AddressRange(IPAddress($0.0) ?? .any6, $0.1), $0.2) }
}
