internal import CLinux
internal import Glibc

/// Keyrings, which belong to users and cross every namespace.
extension AttackList {
    static let keyrings = AttackSubject(
        name: "keyrings",
        attacks: [
            Attack(
                "find the session's keyring",
                gain: "keys that other processes of the account keep",
                held: ["EPERM": .filter]
            ) { _ in .call(dvm_call_keyctl, 0, -3, 1) },
            Attack("add a key", gain: "a place to leave things for other sessions", held: ["EPERM": .filter]) { _ in
                // To the keyring of the thread, which ends with it.
                .call(dvm_call_add_key, "user", "dvm-selftest", "x", 1, -1)
            },
            Attack(
                "ask for a key",
                gain: "keys, and a program the kernel starts as root to find them",
                held: ["EPERM": .filter]
            ) { _ in .call(dvm_call_request_key, "user", "dvm-selftest", 0, 0, reaching: ["ENOKEY"]) },
        ]
    )

    /// Terminals, through which commands can be typed as if by the person who sits there.
    static let terminals = AttackSubject(
        name: "terminals",
        attacks: [
            Attack(
                "type into its terminal",
                gain: "commands, run by the shell the person comes back to (CVE-2017-5226)",
                held: ["EPERM": .filter, "EIO": .kernel]
            ) { _ in .of { dvm_attack_own_terminal(0x5412) } },
            Attack(
                "type into its terminal, with high bits set",
                gain: "the same past a filter that compares 64 bits (CVE-2019-10063)",
                held: ["EPERM": .filter, "EIO": .kernel]
            ) { _ in .of { dvm_attack_own_terminal(1 << 32 | 0x5412) } },
            Attack(
                "paste into the console",
                gain: "commands, run by whoever works at the console (CVE-2023-28100)",
                held: ["EPERM": .filter]
            ) { _ in
                // A pseudo-terminal has no clipboard; that it says so shows that it was asked.
                let answer = AttackAnswer.of(reaching: ["ENOTTY", "EINVAL"]) { dvm_attack_own_terminal(0x541C) }
                return answer
            },
            Attack(
                "change a line discipline",
                gain: "kernel modules that have been exploited, loaded (n_gsm)",
                held: ["EPERM": .filter]
            ) { _ in .of { dvm_attack_own_terminal(0x5423) } },
            Attack(
                "take the console's output",
                gain: "what the kernel and services say there",
                held: ["EPERM": .filter],
                control: .leftOut("would take the console of this VM")
            ) { _ in .of { dvm_attack_own_terminal(0x541D) } },
            Attack(
                "open a terminal outside",
                gain: "what is typed and shown there",
                held: ["ENOENT": .view, "EIO": .view]
            ) { ground in .opens(ground.terminal, O_RDWR) },
            Attack("open the first console", gain: "what is typed there", control: .root) { _ in
                .any(of: ["/dev/tty1", "/dev/tty0", "/dev/ttyS0", "/dev/ttyAMA0"]) { .opens($0, O_RDWR) }
            },
            Attack("read the console's screen", gain: "what is shown there", control: .root) { _ in
                .any(of: ["/dev/vcs1", "/dev/vcs", "/dev/vcsa1"]) { .opens($0) }
            },
        ]
    )
}
