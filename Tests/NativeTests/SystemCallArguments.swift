import DVMProtocol
import Testing

@testable import dvm_guest

/// Calls whose verdict depends on their arguments, with the verdicts of the profiles; see `KnownSystemCalls`.
struct SystemCallArguments: Sendable, CustomTestStringConvertible {
    var name: String
    var arguments: [UInt64]
    var verdicts: [AgentPolicy.SystemCalls: FilterMachine.Verdict]

    init(_ name: String, _ arguments: [UInt64], _ letters: String) {
        self.name = name
        self.arguments = arguments
        verdicts = KnownSystemCalls.verdicts(letters)
    }

    var testDescription: String { "\(name)\(arguments.map { String($0, radix: 16) })" }

    static let all: [Self] =
        namespaces + sockets + protocols + protocolsBeyondPackets + terminals + modes + personalities

    private static func list(_ name: String, _ lists: [[UInt64]], _ letters: String) -> [Self] {
        lists.map { Self(name, $0, letters) }
    }

    private static let namespaces: [Self] = [
        // NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, each with SIGCHLD, and all of them.
        list(
            "clone",
            [
                [0x0002_0011], [0x0200_0011], [0x0400_0011], [0x0800_0011], [0x1000_0011], [0x2000_0011],
                [0x4000_0011], [0x7E02_0011],
            ],
            "PP."
        ),
        // With bits beyond the flags that there are.
        list("clone", [[1 << 40 | 0x1000_0011], [0xFFFF_FFFF_4000_0011]], "PP."),
        // fork, vfork, a thread; in the other arguments the bits are addresses.
        list(
            "clone",
            [[0x11], [0x4111], [0x003D_0F00], [0x11, 0x1000_0000, 0x1000_0000, 0x1000_0000, 0x1000_0000]],
            "..."
        ),
    ].flatMap(\.self)

    private static let sockets: [Self] = [
        (UInt64(0)..<64).map { Self("socket", [$0, 1, 0], [1, 2, 10, 16].contains($0) ? "..." : "FFF") },
        (UInt64(0)..<64).map { Self("socketpair", [$0, 1, 0], $0 == 1 ? "..." : "FFF") },
        // AF_VSOCK, AF_ALG and AF_PACKET with bits the kernel does not look at; and there are no families from 64 on.
        list(
            "socket",
            [
                [1 << 32 | 40, 1, 0], [0xFFFF_FFFF_0000_0028, 1, 0], [1 << 63 | 38, 5, 0], [1 << 33 | 17, 3, 0],
                [64, 1, 0], [1000, 1, 0], [.max, 1, 0],
            ],
            "FFF"
        ),
        // Harmless families with such bits: refused too, since no program sets them.
        list("socket", [[1 << 32 | 2, 1, 6]], "FFF"),
        list("socketpair", [[1 << 32 | 1, 1, 0]], "FFF"),
    ].flatMap(\.self)

    private static let protocols: [Self] = [
        list(
            "socket",
            [[2, 1, 6], [2, 2, 17], [10, 1, 6], [10, 3, 58], [1, 0x8_0801, 0], [16, 0x8_0003, 0]],
            "..."
        ),
        // Of netlink only routing.
        (UInt64(1)..<32).map { Self("socket", [16, 3, $0], "OOO") },
        list("socket", [[16, 3, 1 << 32]], "OOO"),
        // SCTP, DCCP, L2TP and UDP-Lite over either IP, and with higher bits.
        [UInt64(132), 33, 115, 136].flatMap {
            list("socket", [[2, 1, $0], [10, 1, $0], [2, 5, 1 << 32 | $0]], "OOO")
        },
    ].flatMap(\.self)

    /// What is no protocol of a packet: SMC, MPTCP, and what is to come; of other families that number says nothing.
    private static let protocolsBeyondPackets: [Self] = {
        let numbers: [UInt64] = [256, 261, 262, 1 << 31, 1 << 32 | 262]
        let refused: [[UInt64]] = numbers.flatMap { [[2, 1, $0], [10, 1, $0], [2, 0x8_0801, $0]] }
        let plain: [[UInt64]] = [[2, 3, 255], [10, 3, 255], [1, 1, 262]]
        return list("socket", refused, "OOO") + list("socket", plain, "...")
    }()

    private static let terminals: [Self] = {
        // TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD.
        let refused: [UInt64] = [0x5412, 0x541C, 0x541D, 0x5423]
        // TCGETS, TIOCSCTTY, TIOCGWINSZ, TIOCSWINSZ, FIONREAD, TIOCGETD, FIOCLEX, FICLONE.
        let plain: [UInt64] = [0x5401, 0x540E, 0x5413, 0x5414, 0x541B, 0x5424, 0x5451, 0x4004_9409]
        let high: [UInt64] = [0, 1 << 32, 0xFFFF_FFFF_0000_0000]
        return refused.flatMap { request in list("ioctl", high.map { [0, $0 | request] }, "PPP") }
            + list("ioctl", plain.map { [0, $0] }, "...")
    }()

    private static let modes: [Self] = {
        let marked: [UInt64] = [0o4755, 0o2755, 0o6755, 0o104_755, 1 << 33 | 0o4000]
        let plain: [UInt64] = [0o644, 0o755, 0o1777, 0o100_644]
        return marked.flatMap { making($0, "PPP") + passing($0) } + plain.flatMap { making($0, "...") }
    }()

    /// Calls that give a file a mode.
    private static func making(_ mode: UInt64, _ letters: String) -> [Self] {
        let places: [(String, [UInt64])] = [
            ("chmod", [0, mode]), ("fchmod", [3, mode]), ("fchmodat", [3, 0, mode]), ("fchmodat2", [3, 0, mode, 0]),
            ("creat", [0, mode]), ("mknod", [0, mode]), ("mknodat", [3, 0, mode]),
            // O_CREAT, O_CREAT with others, O_TMPFILE; also with bits beyond the flags' 32.
            ("open", [0, 0o100, mode]), ("open", [0, 1 << 35 | 0o1101, mode]), ("open", [0, 0o20_200_002, mode]),
            ("openat", [3, 0, 0o101, mode]), ("openat", [3, 0, 0o20_200_002, mode]),
        ]
        return places.map { Self($0.0, $0.1, letters) }
    }

    /// Calls where the same number is no mode: opening what is there, and other arguments.
    private static func passing(_ mode: UInt64) -> [Self] {
        let places: [(String, [UInt64])] = [
            ("open", [0, 0o2, mode]), ("openat", [3, 0, 0o2, mode]), ("fchmod", [mode, 0o755]),
            ("fchmodat", [3, mode, 0o755]),
        ]
        return places.map { Self($0.0, $0.1, "...") }
    }

    private static let personalities: [Self] = [
        list(
            "personality",
            [[0], [8], [0x2_0000], [0x2_0008], [0x4_0000], [0xFFFF_FFFF], [.max], [1 << 32 | 8]],
            "..."
        ),
        // SVR4, READ_IMPLIES_EXEC, MMAP_PAGE_ZERO, ADDR_COMPAT_LAYOUT, and the last with one that is allowed.
        list(
            "personality",
            [[0x0001], [0x0040_0000], [0x0010_0000], [0x0020_0000], [0x0024_0000], [1 << 32 | 0x0040_0000]],
            ".P."
        ),
    ].flatMap(\.self)
}
