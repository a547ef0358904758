internal import CLinux
internal import Glibc

/// Sockets of families and protocols that lead out of the VM, or load modules that have been exploited.
extension AttackList {
    static let sockets = AttackSubject(
        name: "sockets",
        attacks: vsock + families.map(family) + netlink.map(netlinkSocket) + protocols.map(protocolSocket) + raw
    )

    private static let held = [
        "EAFNOSUPPORT": Attack.Layer.filter, "EPROTONOSUPPORT": .filter, "EPERM": .capabilities,
    ]

    private static let vsock = [
        Attack("vsock", gain: "Lima's agent and the host", held: held) { _ in .call(dvm_call_socket, 40, 1, 0) },
        Attack("vsock, with high bits set", gain: "the same past a filter that compares 64 bits", held: held) { _ in
            .call(dvm_call_socket, 0x1_0000_0028, 1, 0)
        },
        Attack("vsock through io_uring", gain: "the same without a call to socket", held: ["EPERM": .filter]) { _ in
            .of { dvm_attack_io_uring_vsock() }
        },
        Attack("a pair of vsocks", gain: "the same code by another call", held: held, control: .root) { _ in
            .call(dvm_call_socketpair, 40, 1, 0, "........", reaching: ["EOPNOTSUPP"])
        },
    ]

    /// Family, kind, and who may have one outside.
    private static let families: [(name: String, family: UInt64, kind: UInt64, control: Attack.Control)] = [
        ("the kernel's cryptography (AF_ALG)", 38, 5, .agent), ("raw packets (AF_PACKET)", 17, 3, .root),
        ("IPsec keys (AF_KEY)", 15, 3, .root), ("AF_XDP", 44, 3, .root), ("AF_CAN", 29, 3, .agent),
        ("Bluetooth", 31, 3, .agent), ("TIPC", 30, 1, .agent), ("RDS", 21, 5, .agent), ("SMC", 43, 1, .agent),
        ("QIPCRTR", 42, 2, .agent), ("KCM", 41, 5, .agent), ("NFC", 39, 1, .agent), ("X.25", 9, 5, .agent),
    ]

    private static func family(_ name: String, _ family: UInt64, _ kind: UInt64, _ control: Attack.Control) -> Attack {
        Attack(name, gain: "kernel modules that have been exploited", held: held, control: control) { _ in
            .call(dvm_call_socket, .number(family), .number(kind), 0, reaching: ["EPROTONOSUPPORT", "ESOCKTNOSUPPORT"])
        }
    }

    private static let netlink: [(name: String, number: UInt64, gain: String)] = [
        ("netfilter", 12, "the kernel's firewall, which has been exploited most"), ("audit", 9, "false records"),
        ("generic", 16, "settings of many drivers"), ("uevent", 15, "word of devices"),
        ("socket diagnosis", 4, "who talks to whom"), ("IPsec", 6, "a part of the kernel with many faults"),
    ]

    private static func netlinkSocket(_ name: String, _ number: UInt64, _ gain: String) -> Attack {
        Attack("netlink to \(name)", gain: gain, held: held) { _ in
            .call(dvm_call_socket, 16, 3, .number(number))
        }
    }

    private static let protocols: [(name: String, kind: UInt64, number: UInt64)] = [
        ("SCTP", 1, 132), ("DCCP", 6, 33), ("L2TP", 2, 115), ("UDP-Lite", 2, 136),
        ("SMC, as a protocol of IP", 1, 256), ("MPTCP", 1, 262),
    ]

    private static func protocolSocket(_ name: String, _ kind: UInt64, _ number: UInt64) -> Attack {
        Attack(name, gain: "kernel modules that have been exploited", held: held) { _ in
            .call(dvm_call_socket, 2, .number(kind), .number(number))
        }
    }

    private static let raw = [
        Attack("raw IP", gain: "packets with forged addresses", held: held, control: .root) { _ in
            .call(dvm_call_socket, 2, 3, 1)
        },
        Attack("raw IPv6", gain: "packets with forged addresses", held: held, control: .root) { _ in
            .call(dvm_call_socket, 10, 3, 58)
        },
    ]
}
