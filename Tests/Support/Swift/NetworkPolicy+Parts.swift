public import DVMProtocol

extension NetworkPolicy {
    /// A policy with some parts.
    public init(_ uplink: Uplink, hosts: [String] = [], local: [UInt16] = [], served: [UInt16] = []) throws {
        self.init()
        self.uplink = uplink
        self.hosts = try hosts.map { try HostRule($0) }
        self.local = local
        self.served = served
    }
}
