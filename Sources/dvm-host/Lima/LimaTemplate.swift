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
            ] + machine + [.init("portForwards", Self.forwards(settings.ports))]
        )
    }

    private var machine: [YAML.Entry] {
        [
            settings.vmType.map { .init("vmType", .string($0.rawValue)) },
            settings.architecture.map { .init("arch", .string($0.rawValue)) },
            settings.cpus.map { .init("cpus", .integer($0)) },
            .init("memory", .string("\(settings.memory)")),
            .init("disk", .string("\(settings.disk)")),
        ].compactMap(\.self)
    }

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
