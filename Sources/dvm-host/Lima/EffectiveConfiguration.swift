internal import DVMProtocol

/// What Lima would really start a VM with.
///
/// A person's `default.yaml`, `override.yaml` or template can say more than dvm's own YAML, and some of it would open
/// the host to the VM. Only what that takes is decoded.
struct EffectiveConfiguration: Hashable, Sendable, Decodable {
    var plain: Bool?
    var mounts: [Mount]?
    var ssh: SSH?
    var containerd: Containerd?
    var portForwards: [Forward]?
    var user: User?
    var networks: [Network]?
    var propagateProxyEnv: Bool?
    var copyToHost: [CopyToHost]?

    struct Mount: Hashable, Sendable, Decodable { var location: String? }

    struct SSH: Hashable, Sendable, Decodable {
        var forwardAgent: Bool?
        var forwardX11: Bool?
        var loadDotSSHPubKeys: Bool?
    }

    struct Containerd: Hashable, Sendable, Decodable {
        var system: Bool?
        var user: Bool?
    }

    struct User: Hashable, Sendable, Decodable { var name: String? }

    struct Network: Hashable, Sendable, Decodable {
        var lima: String?
        var socket: String?
        var vzNAT: Bool?

        /// Whether it is the one in which VMs see each other.
        var isShared: Bool { lima == LimaTemplate.sharedNetwork && socket ?? "" == "" && vzNAT != true }

        /// The network as messages show it.
        var text: String { lima ?? socket ?? (vzNAT == true ? "vzNAT" : "a network") }
    }

    struct CopyToHost: Hashable, Sendable, Decodable {
        var guest: String?
        var host: String?
    }

    struct Forward: Hashable, Sendable, Decodable {
        var guestIP: String?
        var guestPort: Int?
        var guestPortRange: [Int]?
        var guestSocket: String?
        var hostIP: String?
        var hostPort: Int?
        var hostPortRange: [Int]?
        var hostSocket: String?
        var `static`: Bool?
        var reverse: Bool?
        var ignore: Bool?

        /// The rule as a declared port would be written; nothing when it is not of that shape.
        var declared: PortForward? {
            guard guestSocket ?? "" == "", hostSocket ?? "" == "", reverse != true,
                let guest = Self.single(guestPort, guestPortRange), let host = Self.single(hostPort, hostPortRange)
            else { return nil }
            return PortForward(address: hostIP ?? PortForward.loopback, host: host, guest: guest)
        }

        private static func single(_ port: Int?, _ range: [Int]?) -> UInt16? {
            // Lima fills in the range and leaves the single number out, or leaves it at zero.
            if let range, range.count == 2, range[0] == range[1], range[0] > 0 { return UInt16(exactly: range[0]) }
            guard let port, port > 0, range?.allSatisfy({ $0 == 0 }) ?? true else { return nil }
            return UInt16(exactly: port)
        }

        /// The rule as messages show it.
        var text: String {
            if let declared { return "\(declared)" }
            let range = { (values: [Int]?) in values.map { $0.map(String.init).joined(separator: "–") } }
            let from = hostSocket.flatMap { $0.isEmpty ? nil : $0 } ?? hostPort.map(String.init) ?? range(hostPortRange)
            let to =
                guestSocket.flatMap { $0.isEmpty ? nil : $0 } ?? guestPort.map(String.init) ?? range(guestPortRange)
            let arrow = reverse == true ? "opened in the VM and led to" : "led to"
            return "\(reverse == true ? to ?? "?" : from ?? "?") \(arrow) \(reverse == true ? from ?? "?" : to ?? "?")"
                .printable
        }
    }

    /// The ports forwarded now, as far as they are plain ports.
    var ports: [PortForward] { (portForwards ?? []).filter { $0.ignore != true }.compactMap(\.declared).sorted() }

    /// Everything in which this differs from what dvm asks for, each with what to do about it.
    ///
    /// Provisioning scripts of the person's are let through: they run in the VM, as root there, by the person's choice.
    func deviations(from settings: Settings, of vm: MachineName) -> [Deviation] {
        var found: [Deviation] = []
        func expect(_ holds: Bool, _ what: String, _ remedy: String) {
            if !holds { found.append(Deviation(what: what, remedy: remedy)) }
        }
        // Lima adds up the lists of its files, so an empty one elsewhere would not help.
        let takeOut = "take it out"

        // What is absent counts as a danger wherever Lima's own default would be.
        expect(plain == true, "it is not plain, so Lima may open ports of this computer for it", "write `plain: true`")
        for mount in mounts ?? [] {
            expect(false, "it mounts \((mount.location ?? "a directory").printable) of this computer", takeOut)
        }
        expect(ssh?.forwardAgent != true, "it can use your SSH agent", "write `ssh: {forwardAgent: false}`")
        expect(ssh?.forwardX11 != true, "it can use your X11 display", "write `ssh: {forwardX11: false}`")
        expect(
            ssh?.loadDotSSHPubKeys != true,
            "every key in ~/.ssh opens its control account",
            "write `ssh: {loadDotSSHPubKeys: false}`"
        )
        expect(
            containerd?.system != true && containerd?.user != true,
            "it runs Lima's containerd",
            "write `containerd: {system: false, user: false}`"
        )
        expect(
            propagateProxyEnv == false,
            "it gets the proxy variables of this computer",
            "write `propagateProxyEnv: false`"
        )
        expect(
            user?.name == ControlAccount.name,
            "its login account is “\((user?.name ?? "").printable)”",
            "write `user: {name: \(ControlAccount.name)}`"
        )
        for network in networks ?? [] {
            guard network.isShared else {
                expect(false, "it is connected to the network \(network.text.printable)", takeOut)
                continue
            }
            let remedy = "\(takeOut), or write \(Variable.network.name)=shared and run `dvm sync \(vm)`"
            expect(settings.network == .shared, "it sees other VMs, through the network \(network.text)", remedy)
        }
        if settings.network == .shared {
            let count = (networks ?? []).count { $0.isShared }
            expect(
                count > 0,
                "it does not see other VMs, which \(Variable.network.name) asks for",
                "run `dvm sync \(vm)`"
            )
            expect(count < 2, "it is connected to the network \(LimaTemplate.sharedNetwork) twice", takeOut)
        }
        for copy in copyToHost ?? [] {
            expect(false, "it copies a file of its own to \((copy.host ?? "this computer").printable)", takeOut)
        }
        for forward in portForwards ?? [] where forward.ignore != true {
            guard let declared = forward.declared, settings.ports.contains(declared) else {
                expect(
                    false,
                    "a port is forwarded that DVM_PORTS does not declare (\(forward.text))",
                    "take it out, or declare it and run `dvm sync \(vm)`"
                )
                continue
            }
            expect(
                forward.static == true,
                "the port \(declared) is not forwarded in plain mode",
                "write `static: true`"
            )
        }
        for port in settings.ports where !ports.contains(port) {
            expect(false, "the port \(port) of DVM_PORTS is not forwarded", "run `dvm sync \(vm)`")
        }
        return found
    }

    /// One thing that differs.
    struct Deviation: Hashable, Sendable {
        /// What differs, and what it means.
        var what: String
        /// What to do about it.
        var remedy: String
    }

    /// Refuses to start a VM with anything but what dvm asks for.
    ///
    /// - Throws: a `Refusal` listing every difference, and where such lines usually come from.
    func check(_ settings: Settings, of vm: MachineName, paths: Paths) throws(Refusal) {
        let deviations = deviations(from: settings, of: vm)
        guard !deviations.isEmpty else { return }
        let shared = paths.lima.appending("_config")
        throw Refusal(
            "Lima would not start \(vm) as dvm asks:"
                + deviations.map { "\n\($0.what); \($0.remedy)" }.joined(),
            hint: """
                such lines come from \(shared.appending("override.yaml").shown), \
                \(shared.appending("default.yaml").shown) or the template (\(settings.template.base.printable)); \
                what the template brought in stays until the VM is made anew
                """
        )
    }
}
