internal import DVMProtocol

/// What Lima is told when a VM is made.
struct LimaTemplate: Hashable, Sendable {
    var settings: Settings

    /// The oldest Lima whose VMs keep a guest user from becoming the guest's root (CVE-2026-53657).
    static let oldestLima = LimaVersion(2, 1, 3)

    var yaml: YAML {
        .map(
            [
                .init("minimumLimaVersion", .string(Self.oldestLima.description)),
                .init("base", .list([.string(settings.template.base)])),
                // No guest agent, so nothing in the VM can open a port here by listening there.
                .init("plain", .bool(true)),
                .init("mounts", .list([])),
                .init("containerd", .map([.init("system", .bool(false)), .init("user", .bool(false))])),
                .init(
                    "ssh",
                    .map([
                        .init("forwardAgent", .bool(false)),
                        // Only Lima's own key opens the control account.
                        .init("loadDotSSHPubKeys", .bool(false)),
                    ])
                ),
                .init("propagateProxyEnv", .bool(false)),
                .init(
                    "user",
                    .map([
                        .init("name", .string(ControlAccount.name)),
                        .init("home", .string("/home/\(ControlAccount.name)")),
                        .init("shell", .string("/bin/bash")),
                    ])
                ),
            ] + machine + [
                .init("networks", Self.networks(settings.network)),
                .init("portForwards", Self.forwards(settings.ports)),
            ]
        )
    }

    private var machine: [YAML.Entry] {
        [
            settings.vmType.map { .init("vmType", .string($0.rawValue)) },
            settings.architecture.map { .init("arch", .string($0.rawValue)) },
            .init("cpus", .integer(settings.processors)),
            .init("memory", .string("\(settings.memory)")),
            .init("disk", .string("\(settings.disk)")),
        ].compactMap(\.self)
    }

    /// What connects it to other VMs, beside what leads to the internet.
    static func networks(_ choice: Settings.NetworkChoice) -> YAML {
        switch choice {
        case .private: .list([])
        case .shared: .list([.map([.init("lima", .string(sharedNetwork))])])
        }
    }

    /// Lima's network of its own in which VMs see each other and know each other's names.
    static let sharedNetwork = "user-v2"

    /// The declared ports; `static` is what a plain VM forwards.
    static func forwards(_ ports: [PortForward]) -> YAML {
        .list(
            ports.sorted().map {
                .map([
                    .init("guestPort", .integer(Int($0.guest))),
                    .init("hostIP", .string($0.address)),
                    .init("hostPort", .integer(Int($0.host))),
                    .init("static", .bool(true)),
                ])
            }
        )
    }
}
