internal import DVMProtocol

/// `DVM_PROXY`: an address for everything, or `host` for what this computer uses.
enum ProxyValue {
    /// Reads a value.
    ///
    /// - Returns: nothing when this computer uses none.
    /// - Throws: a `Refusal` that says what to write instead, naming the variable of the environment that is wrong.
    static func read(_ text: String, _ environment: HostEnvironment) throws(Refusal) -> Proxy? {
        guard text == "host" else {
            let address = reachable(text)
            let proxy = Proxy(http: address, https: address, exceptions: exceptions([]))
            try proxy.check()
            return proxy
        }
        // The small spelling first, as curl has it; HTTP_PROXY alone is not trusted by everybody (CVE-2016-5385).
        func find(_ name: String) -> String? { environment[name] ?? environment[name.uppercased()] }
        let all = find("all_proxy")
        let http = (find("http_proxy") ?? all).map(reachable)
        let https = (find("https_proxy") ?? all).map(reachable)
        guard http != nil || https != nil else { return nil }
        let none = (find("no_proxy") ?? "").split { $0 == "," || $0 == " " }.map(String.init)
        let proxy = Proxy(http: http, https: https, exceptions: exceptions(none))
        do throws(Refusal) {
            try proxy.check()
        } catch {
            throw Refusal(
                "the proxy variables of this computer's environment cannot be used: \(error.message)",
                hint: error.hint ?? "correct no_proxy, or write the proxy's address instead of “host”"
            )
        }
        return proxy
    }

    /// The host itself as Lima's VMs know it.
    static let host = "host.lima.internal"

    /// What never goes through a proxy: the VM itself, the host, and other VMs.
    private static func exceptions(_ more: [String]) -> [String] {
        let own = ["localhost", "127.0.0.1", "::1", host]
        return own + more.filter { !own.contains($0) }
    }

    /// An address as it is from inside a VM: a proxy that listens on this computer's loopback is elsewhere there.
    ///
    /// A scheme that was left out is `http://`, as curl has it.
    static func reachable(_ text: String) -> String {
        let address = text.contains("://") ? text : "http://\(text)"
        guard let start = address.firstRange(of: "://")?.upperBound else { return address }
        let rest = address[start...]
        for loopback in ["localhost", "127.0.0.1", "[::1]"] where rest.hasPrefix(loopback) {
            let after = rest.dropFirst(loopback.count)
            guard after.isEmpty || after.hasPrefix(":") || after.hasPrefix("/") else { continue }
            return "\(address[..<start])\(host)\(after)"
        }
        return address
    }

    /// How it is shown.
    static func text(of proxy: Proxy?) -> String? {
        guard let proxy else { return nil }
        let addresses = [proxy.http, proxy.https].compactMap(\.self)
        return Set(addresses).count == 1 ? addresses[0] : "http: \(proxy.http ?? "-"), https: \(proxy.https ?? "-")"
    }
}
