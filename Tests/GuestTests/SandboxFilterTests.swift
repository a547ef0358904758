import CLinux
import CSeccomp
import Glibc
import Testing

@testable import dvm_guest

@Suite struct `The table of refused system calls` {
    @Test func `gives a reason in every row`() {
        for rule in SystemCallTable.agent {
            #expect(rule.why.count > 15, "\(rule.calls.map(\.name))")
            #expect(!rule.calls.isEmpty)
        }
    }

    @Test func `names a call once, unless its arguments decide`() {
        var unconditional: Set<String> = []
        for rule in SystemCallTable.agent where rule.cases.isEmpty {
            for call in rule.calls { #expect(unconditional.insert(call.name).inserted, "\(call.name) twice") }
        }
        for rule in SystemCallTable.agent where !rule.cases.isEmpty {
            for call in rule.calls { #expect(!unconditional.contains(call.name), "\(call.name) is refused anyway") }
        }
    }

    @Test func `says the same in one case only once`() {
        var seen: Set<[String]> = []
        for rule in SystemCallTable.agent {
            for call in rule.calls {
                for conditions in rule.cases { #expect(seen.insert([call.name, "\(conditions)"]).inserted) }
            }
        }
    }

    @Test func `uses names that libseccomp knows`() throws {
        for rule in SystemCallTable.agent {
            for call in rule.calls { _ = try SystemCallFilter.number(of: call) }
        }
        #expect(throws: (any Error).self) { try SystemCallFilter.number(of: "no_such_call") }
    }
}

@Suite struct `The agent's filter, run without a kernel` {
    let program: FilterProgram

    init() throws { program = try FilterProgram(.agent) }

    @Test func `answers every row of the table as the row says`() throws {
        var asked = 0
        for rule in SystemCallTable.agent {
            for call in rule.calls {
                guard let number = try SystemCallFilter.number(of: call) else { continue }
                for conditions in rule.cases.isEmpty ? [[]] : rule.cases {
                    let arguments = Self.arguments(for: conditions)
                    #expect(
                        program.verdict(number, arguments) == .errno(rule.answer.number.rawValue),
                        "\(call.name) \(arguments)"
                    )
                    asked += 1
                }
            }
        }
        #expect(asked > 250)
    }

    /// Arguments that fulfil conditions and nothing more.
    private static func arguments(for conditions: [SystemCallRule.Condition]) -> [UInt64] {
        var arguments = [UInt64](repeating: 0, count: 6)
        for condition in conditions {
            let index = Int(condition.argument)
            switch condition.test {
            case .bits(_, let value): arguments[index] |= value
            case .atLeast(let value): arguments[index] = value
            case .isNot(let value): arguments[index] = value + 1
            }
        }
        return arguments
    }

    @Test(arguments: [
        "read", "write", "openat", "close", "execve", "exit_group", "mmap", "futex", "wait4", "kill", "ptrace",
        "process_vm_readv", "seccomp", "landlock_create_ruleset", "memfd_create", "personality", "inotify_init1",
        "io_setup", "prctl", "setxattr", "flock", "sched_setaffinity", "mknodat", "rseq", "statx", "renameat2",
    ])
    func `lets what programs need pass`(name: String) throws {
        let number = try #require(try SystemCallFilter.number(of: .named(name)))
        #expect(program.verdict(number) == .allow)
    }

    @Test(
        arguments: [
            ("clone", [0x11]),  // fork
            ("clone", [0x003D_0F00]),  // a thread
            ("socket", [1, 1, 0]), ("socket", [2, 1, 6]), ("socket", [10, 2, 17]), ("socket", [16, 3, 0]),
            ("socketpair", [1, 1, 0]),
            ("ioctl", [0, 0x5401]), ("ioctl", [0, 0x5414]), ("ioctl", [0, 0x540E]),
            ("fchmodat", [0, 0, 0o755]), ("fchmod", [0, 0o1777]),
            ("openat", [0, 0, 0o102, 0o644]), ("openat", [0, 0, 0o1, 0o6000]),
        ] as [(String, [UInt64])]
    )
    func `lets harmless arguments pass`(name: String, arguments: [UInt64]) throws {
        let number = try #require(try SystemCallFilter.number(of: .named(name)))
        #expect(program.verdict(number, arguments) == .allow)
    }

    @Test(
        arguments: [
            ("socket", [1 << 32 | 40, 1, 0], EAFNOSUPPORT), ("socket", [0xFFFF_FFFF_0000_0028, 1, 0], EAFNOSUPPORT),
            ("socket", [UInt64(bitPattern: -1), 1, 0], EAFNOSUPPORT), ("socket", [64, 1, 0], EAFNOSUPPORT),
            ("socket", [16, 3, 12], EPROTONOSUPPORT), ("socket", [16, 3, 1 << 32 | 12], EPROTONOSUPPORT),
            ("socket", [2, 5, 1 << 32 | 132], EPROTONOSUPPORT), ("socketpair", [40, 1, 0], EAFNOSUPPORT),
            ("ioctl", [0, 1 << 32 | 0x5412], EPERM), ("ioctl", [0, 0xFFFF_FFFF_0000_541C], EPERM),
            ("clone", [1 << 40 | 0x1000_0011], EPERM), ("clone", [0x7E02_0011], EPERM),
            ("fchmodat", [0, 0, 1 << 33 | 0o4755], EPERM), ("fchmod", [0, 0o6755], EPERM),
            ("openat", [0, 0, 1 << 35 | 0o101, 0o4755], EPERM), ("openat", [0, 0, 0o20_200_002, 0o2755], EPERM),
            ("mknodat", [0, 0, 0o104_755], EPERM),
        ] as [(String, [UInt64], Int32)]
    )
    func `is not passed by with bits the kernel does not look at`(
        name: String,
        arguments: [UInt64],
        errno: Int32
    ) throws {
        let number = try #require(try SystemCallFilter.number(of: .named(name)))
        #expect(program.verdict(number, arguments) == .errno(errno))
    }

    @Test func `kills what speaks another ABI`() throws {
        let other = FilterProgram.native == FilterProgram.x86_64 ? FilterProgram.i386 : FilterProgram.x86_64
        // 0: read, or restart_syscall. 288: keyctl as i386 numbers it.
        #expect(program.verdict(0, architecture: other) == .kill)
        #expect(program.verdict(288, architecture: other) == .kill)
        #if arch(x86_64)
        // x32: the same architecture to the kernel, and a bit in the number.
        #expect(program.verdict(0x4000_0000) == .kill)
        #expect(program.verdict(0x4000_0000 | 250) == .kill)
        #endif
    }

    @Test func `takes calls newer than the table for missing, and only those`() {
        #expect((471...599).allSatisfy { program.verdict($0) == .errno(ENOSYS) })
        #expect(program.verdict(470) == .allow)
        // map_shadow_stack, mseal, setxattrat.
        #expect([453, 462, 463].allSatisfy { program.verdict($0) == .allow })
    }
}

/// A call that does no harm where nothing refuses it.
struct HarmlessCall: Hashable, Sendable, CustomTestStringConvertible {
    var name: String
    var arguments: [UInt64]

    init(_ name: String, _ arguments: UInt64...) {
        self.name = name
        self.arguments = arguments + Array(repeating: 0, count: 4 - arguments.count)
    }

    var testDescription: String { "\(name)\(arguments)" }

    /// With null pointers, descriptors that are not open, or combinations the kernel refuses after the filter.
    static let all: [Self] = [
        Self("add_key"), Self("request_key"), Self("keyctl", 0, .max - 2),
        Self("unshare", 1), Self("setns", .max),
        // CLONE_FS forbids these: EINVAL, and nothing is ever cloned.
        Self("clone", 0x1000_0200), Self("clone", 0x0002_0200), Self("clone", 1 << 40 | 0x1000_0200), Self("clone3"),
        Self("mount"), Self("umount2"), Self("pivot_root"), Self("chroot"),
        Self("open_tree", .max), Self("move_mount", .max), Self("fsopen"), Self("fsconfig", .max),
        Self("fsmount", .max), Self("fspick", .max), Self("mount_setattr", .max),
        Self("io_uring_setup", 1), Self("io_uring_enter", .max), Self("io_uring_register", .max),
        Self("open_by_handle_at", .max), Self("pidfd_getfd", .max),
        Self("bpf"), Self("perf_event_open"), Self("userfaultfd", 1 << 20), Self("fanotify_init", .max),
        Self("modify_ldt", 99), Self("move_pages", .max), Self("migrate_pages", .max),
        Self("delete_module"), Self("init_module"), Self("finit_module", .max), Self("quotactl"), Self("swapon"),
        Self("swapoff"), Self("reboot"), Self("syslog", 99), Self("iopl", 99), Self("ioperm", .max, 1),
        Self("settimeofday", 1), Self("clock_settime", 99), Self("sethostname", 1, 9999),
        Self("setdomainname", 1, 9999),
        Self("sysfs", 99), Self("ustat"), Self("openat2"),
        Self("ioctl", .max, 0x5412), Self("ioctl", .max, 1 << 32 | 0x5412), Self("ioctl", .max, 0x541C),
        Self("ioctl", .max, 0x541D), Self("ioctl", .max, 0x5423),
        Self("chmod", 0, 0o4755), Self("fchmod", .max, 0o4755), Self("fchmod", .max, 0o2755),
        Self("fchmodat", .max, 0, 0o4755), Self("open", 0, 0o101, 0o4755), Self("openat", .max, 0, 0o101, 0o4755),
        Self("openat", .max, 0, 0o20_200_002, 0o2755), Self("creat", 0, 0o4755), Self("mknod", 0, 0o104_755),
        Self("mknodat", .max, 0, 0o104_755),
        Self("socket", 40, 1), Self("socket", 1 << 32 | 40, 1), Self("socket", 17, 99), Self("socket", 16, 3, 4),
        Self("socket", 16, 3, 12), Self("socket", 2, 2, 136), Self("socketpair", 2, 1, 0, 1),
    ]

    /// Refused by the table and not tried on a kernel, each for a reason.
    static let untried: [String: String] = [
        "acct": "turns process accounting off", "kexec_load": "unloads what is there", "kexec_file_load": "the same",
        "vhangup": "ends the terminal of whoever runs the tests", "quotactl_fd": "like quotactl",
        "open_tree_attr": "newer than some kernels", "fchmodat2": "newer than some kernels",
        "lsm_set_self_attr": "newer than some kernels", "lookup_dcookie": "gone since Linux 6.7",
        "umount": "not on this architecture", "create_module": "gone", "query_module": "gone",
        "get_kernel_syms": "gone", "stime": "gone", "vm86": "gone", "vm86old": "gone", "uselib": "gone",
        "nfsservctl": "gone", "_sysctl": "gone", "afs_syscall": "gone", "vserver": "gone",
    ]

    /// What the kernel says; 0 when it works.
    func answer() throws -> Int32 {
        guard let number = try SystemCallFilter.number(of: .named(name)) else { return 0 }
        Glibc.errno = 0
        let result = dvm_try_call(Int(number), arguments[0], arguments[1], arguments[2], arguments[3])
        guard result == -1 else {
            if name.hasPrefix("socket") { Glibc.close(Int32(result)) }
            return 0
        }
        return Glibc.errno
    }

    /// What the table says.
    var refusal: Int32? {
        SystemCallTable.agent.first { rule in
            rule.calls.contains { $0.name == name }
                && (rule.cases.isEmpty || rule.cases.contains { $0.allSatisfy { $0.holds(for: arguments) } })
        }?.answer.number.rawValue
    }
}

extension SystemCallRule.Condition {
    fileprivate func holds(for arguments: [UInt64]) -> Bool {
        let value = arguments[Int(argument)]
        return switch test {
        case .bits(let mask, let wanted): value & mask == wanted
        case .atLeast(let least): value >= least
        case .isNot(let other): value != other
        }
    }
}

@Suite struct `The agent's filter, loaded into this kernel` {
    @Test func `is tried with every call of the table, or a reason is given`() {
        let tried = Set(HarmlessCall.all.map(\.name)).union(HarmlessCall.untried.keys)
        let named = SystemCallTable.agent.flatMap(\.calls).map(\.name).filter { !$0.hasPrefix("call ") }
        #expect(Set(named).subtracting(tried).isEmpty)
        #expect(tried.subtracting(named).isEmpty)
    }

    @Test(arguments: HarmlessCall.all)
    func `changes the answer of the kernel to the one in the table`(call: HarmlessCall) async throws {
        guard try SystemCallFilter.number(of: .named(call.name)) != nil else { return }
        let index = try #require(HarmlessCall.all.firstIndex(of: call))
        await #expect(processExitsWith: .success) { [index = index as Int] in
            let call = HarmlessCall.all[index]
            let wanted = try #require(call.refusal)
            // The control: without the filter the kernel says something else.
            #expect(try call.answer() != wanted, "nothing would be proved")
            try SystemCallFilter.agent.load()
            #expect(try call.answer() == wanted)
        }
    }

    @Test func `lets a process start programs and threads`() async {
        await #expect(processExitsWith: .success) {
            try SystemCallFilter.agent.load()
            let status = unsafe system("set -e; a=$(echo hello | cat); [ \"$a\" = hello ]; : > /dev/null")
            #expect(status == 0)
        }
    }
}
