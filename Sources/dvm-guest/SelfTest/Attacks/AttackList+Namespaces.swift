internal import CLinux
internal import Glibc

/// New namespaces: with one of their own, dropped rights are back, and most of the kernel's newer faults in reach.
extension AttackList {
    static let namespaces = AttackSubject(
        name: "namespaces",
        attacks: unshared + cloned + [
            Attack(
                "join a namespace",
                gain: "another process's view of the VM",
                held: ["EPERM": .filter],
                control: .root,
                permitted: nesting
            ) { _ in
                let file = unsafe open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)
                return .of { dvm_attack_call(dvm_call_setns, UInt64(file), 0, 0, 0, 0, 0) }
            },
            Attack(
                "a sandbox of its own with bwrap",
                gain: "mounts it chooses itself",
                held: ["status 1": .filter],
                permitted: nesting
            ) { _ in
                .program(["bwrap", "--unshare-user", "--ro-bind", "/", "/", "--tmpfs", "/tmp", "true"])
            },
            Attack(
                "root of its own with unshare",
                gain: "root's rights over namespaces it owns",
                held: ["status 1": .filter],
                permitted: nesting
            ) { _ in .program(["unshare", "--user", "--map-root-user", "--mount", "true"]) },
        ]
    )

    /// The kinds of namespaces, and who may make one without being root.
    private static let kinds: [(name: String, flag: Int, control: Attack.Control)] = [
        ("user", 0x1000_0000, .agent), ("mount", 0x0002_0000, .root), ("process", 0x2000_0000, .root),
        ("network", 0x4000_0000, .root), ("IPC", 0x0800_0000, .root), ("host name", 0x0400_0000, .root),
        ("cgroup", 0x0200_0000, .root), ("time", 0x80, .root),
    ]

    private static let unshared = kinds.map { kind in
        Attack(
            "a new \(kind.name) namespace",
            gain: "rights inside it, and the kernel's code behind them",
            held: ["EPERM": .filter, "ENOSPC": .users],
            control: kind.control,
            permitted: nesting
        ) { _ in .of { dvm_attack_call(dvm_call_unshare, UInt64(kind.flag), 0, 0, 0, 0, 0) } }
    }

    private static let cloned = [
        Attack(
            "a process born in a new user namespace",
            gain: "what unshare gives, by clone",
            held: ["EPERM": .filter],
            permitted: nesting
        ) { _ in .of { dvm_attack_clone(0x1000_0000) } },
        Attack(
            "a process born in a new mount namespace",
            gain: "what unshare gives, by clone",
            held: ["EPERM": .filter],
            control: .root,
            permitted: nesting
        ) { _ in .of { dvm_attack_clone(0x0002_0000) } },
        Attack(
            "the same with flags no filter sees",
            gain: "namespaces, by clone3, whose flags are behind a pointer",
            held: ["ENOSYS": .filter],
            permitted: nesting
        ) { _ in .of { dvm_attack_clone3(0x1000_0000) } },
    ]
}
