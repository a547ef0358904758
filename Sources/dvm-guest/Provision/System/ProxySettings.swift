internal import DVMProtocol

/// The proxy as each part of a system is told of it: logins, services, package managers.
enum ProxySettings {
    /// Writes the proxy down everywhere, or takes it away where dvm wrote it.
    ///
    /// - Returns: whether anything changed.
    static func set(_ proxy: Proxy?, in system: SystemTree) throws(Refusal) -> Bool {
        var changed = try system.write(proxy.map(profile), to: "/etc/profile.d/dvm-proxy.sh")
        changed = try system.write(proxy.map(session), to: "/etc/environment.d/90-dvm-proxy.conf") || changed
        if system.has("/etc/apt/apt.conf.d") {
            changed = try system.write(proxy.map(apt), to: "/etc/apt/apt.conf.d/90dvm-proxy") || changed
        }
        if system.has("/etc/dnf") {
            changed = try system.write(proxy.map(dnf), to: "/etc/dnf/libdnf5.conf.d/90-dvm-proxy.conf") || changed
        }
        if try system.write(proxy.map(services), to: "/etc/systemd/system.conf.d/90-dvm-proxy.conf") {
            // What systemd gives to services it reads at its own start only.
            try system.program(["systemctl", "daemon-reexec"])
            changed = true
        }
        return changed
    }

    private static func sorted(_ proxy: Proxy) -> [(name: String, value: String)] {
        proxy.variables.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    // The characters of an address were checked: none means anything between these quotes.

    static func profile(_ proxy: Proxy) -> String {
        SystemTree.mark + sorted(proxy).map { "export \($0.name)='\($0.value)'\n" }.joined()
    }

    static func session(_ proxy: Proxy) -> String {
        SystemTree.mark + sorted(proxy).map { "\($0.name)=\($0.value)\n" }.joined()
    }

    static func services(_ proxy: Proxy) -> String {
        let words = sorted(proxy).map { "\"\($0.name)=\($0.value)\"" }.joined(separator: " ")
        return SystemTree.mark + "[Manager]\nDefaultEnvironment=\(words)\n"
    }

    static func apt(_ proxy: Proxy) -> String {
        var lines: [String] = []
        for (scheme, address) in [("http", proxy.http), ("https", proxy.https)] {
            guard let address else { continue }
            lines.append("Acquire::\(scheme)::Proxy \"\(address)\";")
            // apt knows whole names only.
            lines += proxy.exceptions.filter { $0.first?.isLetter == true && !$0.contains("/") }.map {
                "Acquire::\(scheme)::Proxy::\($0) \"DIRECT\";"
            }
        }
        return "// Written by dvm; `dvm sync` replaces it.\n" + lines.map { "\($0)\n" }.joined()
    }

    static func dnf(_ proxy: Proxy) -> String {
        SystemTree.mark + "[main]\nproxy=\(proxy.https ?? proxy.http ?? "")\n"
    }
}
