internal import DVMProtocol

/// Where a session may connect to.
struct DestinationRules {
    /// What came of asking.
    enum Answer: Equatable {
        case allowed
        /// Not there, with the reason in a few words and, where there is one, the word for `DVM_AI_HOSTS` that allows it.
        case refused(why: String, remedy: String?)
    }

    /// With which uplink.
    let uplink: NetworkPolicy.Uplink
    /// What the VM's configuration names.
    let named: Set<HostRule>
    /// The servers of the tool itself.
    let toolHosts: Set<HostRule>

    init(_ policy: NetworkPolicy, domains: [String]) {
        uplink = policy.uplink
        named = Set(policy.hosts)
        toolHosts = Set(domains.compactMap { try? HostRule($0) })
    }

    /// Whether a host may be looked up and connected to, by its name as `HostRule.name` has it.
    func host(_ name: String, port: UInt16) -> Answer {
        let rule = HostRule(host: name, port: port)
        if named.contains(rule) || toolHosts.contains(rule) { return .allowed }
        return .refused(why: "it is not among the hosts agents of this VM may reach", remedy: rule.description)
    }

    /// Whether an address may be connected to.
    ///
    /// A name that may be looked up does not help an address that is closed: whoever runs the name's zone could point it
    /// at the VM's neighbours. A server in a private network is therefore named by its address, beside its name.
    func address(_ end: Endpoint, isNear: (IPAddress) -> Bool) -> Answer {
        let rule = HostRule(host: end.address.description, port: end.port)
        let range = ClosedAddresses.reason(end.address)
        // The ports of DVM_AI_LOCAL are the way there; a rule cannot be one too.
        guard !Self.isOwn(end.address) else { return .refused(why: "it is this machine itself", remedy: nil) }
        if named.contains(rule) { return .allowed }
        if uplink == .open, Self.namePorts.contains(end.port) {
            return .refused(why: "names are resolved by the VM's own resolver, \(SessionAddress.own)", remedy: nil)
        }
        let remedy = end.address.isV4 ? rule.description : nil
        if let range { return .refused(why: "it is \(range)", remedy: remedy) }
        if isNear(end.address) { return .refused(why: "it is in the VM's own network", remedy: remedy) }
        return .allowed
    }

    /// DNS, plain and over TLS: other resolvers would answer what the VM's does not.
    private static let namePorts: Set<UInt16> = [53, 853]

    private static func isOwn(_ address: IPAddress) -> Bool {
        AddressRange(.loopback, 8).contains(address) || AddressRange(IPAddress(v4: 0), 8).contains(address)
            || address == .loopback6 || address == .any6 || address == SessionAddress.own
            || address == SessionAddress.own6
    }
}

/// The addresses a session's loopback has beside 127.0.0.1 and ::1, from the ranges for documentation.
///
/// Programs that look for one take a machine without any for one that is not on a network, and then resolve no names
/// (AI_ADDRCONFIG).
enum SessionAddress {
    static let own = IPAddress(v4: 0xC000_0201)
    static let own6 = IPAddress(high: 0x2001_0DB8_0000_0000, low: 1)
}
