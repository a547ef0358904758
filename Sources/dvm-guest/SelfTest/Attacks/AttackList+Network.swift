internal import CLinux
internal import Glibc

/// Networks that are the VM's or the host's, and not the agent's.
extension AttackList {
    static let network = AttackSubject(
        name: "network",
        attacks: [
            connecting("the VM's loopback", gain: "databases and debuggers without a password") { _ in
                ["127.0.0.1"]
            },
            connecting("the VM's loopback over IPv6", gain: "databases and debuggers without a password") { _ in
                ["::1"]
            },
            connecting("the VM's loopback by other names", gain: "the same past a check of one address") { _ in
                ["127.0.0.2", "127.1.2.3", "0.0.0.0", "::ffff:127.0.0.1", "::"]
            },
            connecting("the VM's own addresses", gain: "services of the VM") { $0.addresses },
            reaching("the VM's gateway", gain: "services of your computer") { $0.gateways },
            reaching("the VM's gateway, written as IPv6", gain: "the same past a check of IPv4 addresses") { ground in
                ground.gateways.filter { $0.contains(".") }.flatMap { ["::ffff:\($0)", "64:ff9b::\($0)"] }
            },
            reaching("host.lima.internal", gain: "services of your computer") { _ in ["192.168.5.2", "192.168.104.1"] },
            reaching("private networks", gain: "your local network") { _ in
                ["10.0.0.1", "172.16.0.1", "192.168.0.1", "192.168.1.1", "192.168.178.1", "100.64.0.1", "fd00::1"]
            },
            reaching("metadata of clouds", gain: "the VM's keys at its provider") { _ in
                ["169.254.169.254", "fd00:ec2::254", "100.100.100.200"]
            },
            Attack(
                "a name server of its choice",
                gain: "a way out for what it reads, by names",
                held: [
                    "ECONNREFUSED": .network, "ENETUNREACH": .network, "ETIMEDOUT": .network, "EACCES": .network,
                    "EPERM": .network,
                ],
                permitted: openNetwork
            ) { _ in
                .any(of: ["8.8.8.8", "1.1.1.1"]) { (address: String) in
                    .of { unsafe dvm_attack_ask_name_server(address, 1000) }
                }
            },
        ]
    )

    private static let held = Dictionary(
        uniqueKeysWithValues: [
            "ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH", "ETIMEDOUT", "EACCES", "EPERM", "EADDRNOTAVAIL",
            "EDESTADDRREQ", "ECONNRESET",
        ].map { ($0, Attack.Layer.network) }
    )

    /// To the port that the self-test opened: only a connection counts.
    private static func connecting(
        _ name: String,
        gain: String,
        _ addresses: @escaping @Sendable (AttackGround) -> [String]
    ) -> Attack {
        Attack(name, gain: gain, held: held) { connect(addresses($0), ports: [$0.port]) }
    }

    /// To ports that routers and computers have open.
    private static func reaching(
        _ name: String,
        gain: String,
        _ addresses: @escaping @Sendable (AttackGround) -> [String]
    ) -> Attack {
        Attack(name, gain: gain, held: held) {
            // An address the session has itself is not the one meant, whoever has it outside. A refusal is an answer: the
            // address is there.
            connect(
                addresses($0).filter { unsafe dvm_is_own_address($0) == 0 },
                ports: [53, 22, 80, 443],
                reaching: ["ECONNREFUSED"]
            )
        }
    }

    private static func connect(_ addresses: [String], ports: [UInt16], reaching: Set<String> = []) -> AttackAnswer {
        guard !addresses.isEmpty else { return .refused("no address") }
        let list = ArgumentList(addresses)
        return .any(of: ports) { port in
            .of(reaching: reaching) {
                unsafe list.pointer.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: addresses.count) {
                    unsafe dvm_attack_connect_tcp($0, addresses.count, port, 600)
                }
            }
        }
    }
}
