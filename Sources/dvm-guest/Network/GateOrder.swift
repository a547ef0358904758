internal import DVMProtocol

/// What a fresh `dvm-guest gate` is to let through, in the first frame on its descriptor 3.
struct GateOrder: Hashable, Codable {
    /// What the VM's configuration says about the network.
    var network: NetworkPolicy
    /// The servers of the session's tool.
    var domains: [String]
    /// Covered, like every home: the gate has no business there.
    var developerHome: String

    /// Whether there is anything to let through.
    var needsGate: Bool { network.uplink != .none || !network.local.isEmpty || !network.served.isEmpty }
}

extension NetworkPolicy {
    /// Where the proxy listens in the session: the usual port, or the next one that is not let in from the VM.
    var proxyPort: UInt16 {
        var port: UInt16 = 3128
        while local.contains(port) { port += 1 }
        return port
    }

    /// What leads tools to the proxy, where there is one.
    ///
    /// Only a help: a tool that goes past it finds no way out.
    var proxyVariables: [String: String] {
        guard uplink == .allow else { return [:] }
        let proxy = "http://127.0.0.1:\(proxyPort)"
        let direct = "localhost,127.0.0.1,::1"
        var variables = ["NO_PROXY": direct, "no_proxy": direct]
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            variables[name] = proxy
            variables[name.lowercased()] = proxy
        }
        // Node's own HTTP client looks at the others only when told to.
        variables["NODE_USE_ENV_PROXY"] = "1"
        return variables
    }

    /// The session's `/etc/resolv.conf`.
    var resolverConfiguration: String {
        switch uplink {
        case .open: "# dvm passes questions on to the VM's own resolver.\nnameserver \(SessionAddress.own)\n"
        case .allow: "# There are no names here: the proxy in HTTPS_PROXY looks them up.\n"
        case .none: "# This session has no network.\n"
        }
    }

    /// Declared ports that can lead to a server of the session: not those that lead out of it.
    var servable: [UInt16] {
        served.filter { !local.contains($0) && !(uplink == .allow && $0 == proxyPort) }
    }
}
