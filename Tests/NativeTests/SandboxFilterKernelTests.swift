import CLinux
import DVMProtocol
import Glibc
import Testing

@testable import dvm_guest

/// A call that does no harm where nothing refuses it.
struct HarmlessCall: Hashable, Sendable {
    var name: String
    var arguments: [UInt64]

    init(_ name: String, _ arguments: UInt64...) {
        self.name = name
        self.arguments = arguments + Array(repeating: 0, count: 4 - arguments.count)
    }

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
        Self("ptrace", 99, .max), Self("process_vm_readv", .max), Self("process_vm_writev", .max),
        Self("kcmp", .max, .max), Self("process_madvise", .max), Self("mbind", 1), Self("set_mempolicy", 99),
        Self("get_mempolicy", 0, 0, 0, 99), Self("set_mempolicy_home_node", 1), Self("memfd_secret", .max),
        Self("remap_file_pages"), Self("name_to_handle_at", .max), Self("personality", 0x0040_0000),
        Self("fanotify_mark", .max), Self("process_mrelease", .max),
    ]

    /// Refused by the table and not tried on a kernel, each for a reason.
    static let untried: [String: String] = [
        "acct": "turns process accounting off", "kexec_load": "unloads what is there", "kexec_file_load": "the same",
        "vhangup": "ends the terminal of whoever runs the tests", "lookup_dcookie": "gone since Linux 6.7",
        "umount": "not on this architecture", "create_module": "gone", "query_module": "gone",
        "get_kernel_syms": "gone", "stime": "gone", "vm86": "gone", "vm86old": "gone", "uselib": "gone",
        "nfsservctl": "gone", "_sysctl": "gone", "afs_syscall": "gone", "vserver": "gone",
    ]

    /// What the kernel says; 0 when it works.
    func answer() throws -> Int32 {
        guard let number = try SystemCallRule.Call.named(name).number(on: .native) else { return 0 }
        return answer(number)
    }

    /// What the kernel says to the call of this number.
    func answer(_ number: UInt32) -> Int32 {
        Glibc.errno = 0
        let result = dvm_try_call(Int(number), arguments[0], arguments[1], arguments[2], arguments[3])
        guard result == -1 else {
            if name.hasPrefix("socket") { Glibc.close(Int32(result)) }
            return 0
        }
        return Glibc.errno
    }
}

/// A call that libraries and older kernels do not know yet, and since which Linux there is one.
struct NewerCall: Sendable {
    var call: HarmlessCall
    var since: [Int]
    /// Whether a kernel of that age may be built without it.
    var isOptional = false

    init(_ name: String, _ arguments: UInt64..., since minor: Int, ofLinux major: Int = 6, isOptional: Bool = false) {
        call = HarmlessCall(name, arguments[0], arguments[1], arguments[2], arguments[3])
        since = [major, minor]
        self.isOptional = isOptional
    }

    /// Every call from 450 on, and what the rows name that came shortly before.
    ///
    /// With descriptors that are not open, flags there are none of, and null pointers where something would be written.
    static let all: [Self] = [
        Self("quotactl_fd", .max, 0, 0, 0, since: 14, ofLinux: 5, isOptional: true),
        Self("set_mempolicy_home_node", 1, 0, 0, 99, since: 17, ofLinux: 5, isOptional: true),
        Self("cachestat", .max, 0, 0, 0, since: 5), Self("fchmodat2", .max, 0, 0o4755, 0, since: 6),
        // Where the processor has no such stacks, EOPNOTSUPP.
        Self("map_shadow_stack", 0, 0, 99, 0, since: 6, isOptional: true),
        Self("futex_wake", 0, 0, 0, 0xFFFF, since: 7), Self("futex_wait", 0, 0, 0, 0xFFFF, since: 7),
        Self("futex_requeue", 0, 0xFFFF, 0, 0, since: 7),
        Self("statmount", 0, 0, 0, 0xFFFF, since: 8), Self("listmount", 0, 0, 0, 0xFFFF, since: 8),
        Self("lsm_get_self_attr", 0, 0, 0, 0xFFFF, since: 8, isOptional: true),
        Self("lsm_set_self_attr", 0, 0, 0, 0xFFFF, since: 8, isOptional: true),
        Self("lsm_list_modules", 0, 0, 0xFFFF, 0, since: 8, isOptional: true),
        Self("mseal", 1, 0, 0, 0, since: 10),
        Self("setxattrat", .max, 0, .max, 0, since: 13), Self("getxattrat", .max, 0, .max, 0, since: 13),
        Self("listxattrat", .max, 0, .max, 0, since: 13), Self("removexattrat", .max, 0, .max, 0, since: 13),
        Self("open_tree_attr", .max, 0, .max, 0, since: 15),
        Self("file_getattr", .max, 0, 0, 0, since: 17), Self("file_setattr", .max, 0, 0, 0, since: 17),
    ]

    /// Its number here; nothing where this architecture has none.
    var number: UInt32? { KnownSystemCalls.byName[call.name]?.numbers[.native] }

    /// Whether the running kernel must have it.
    var isExpected: Bool {
        let release = Kernel.release.split { $0 == "." || $0 == "-" }.prefix(2).map { Int($0) ?? 0 }
        return !isOptional && !release.lexicographicallyPrecedes(since)
    }
}

extension SystemCallFilter {
    /// Puts this very process under the filter, for good.
    func load() throws {
        for program in try programs() { try program.load() }
    }
}

extension SystemCallProgram {
    /// Puts this very process under this program.
    func load() throws {
        let count = UInt16(bytes.count / 8)
        let answer = unsafe bytes.withUnsafeBytes { unsafe dvm_try_filter($0.baseAddress, count) }
        try #require(answer == 0, "loading a filter: \(Errno(rawValue: errno))")
    }
}

@Suite struct `The agent's filter, loaded into this kernel` {
    @Test func `is tried with every call of the tables, or a reason is given`() {
        let named = Set(AgentPolicy.SystemCalls.strict.rows.flatMap(\.calls).map(\.name))
        let tried = Set(HarmlessCall.all.map(\.name)).union(HarmlessCall.untried.keys)
            .union(named.intersection(NewerCall.all.map(\.call.name)))
        #expect(named.subtracting(tried) == [])
        // Beyond the rows: what `strict` alone does not allow.
        #expect(tried.subtracting(named) == ["fanotify_mark", "process_mrelease", "personality"])
    }

    @Test func `is tried with every call from 450 on`() {
        let newest = KnownSystemCalls.rows.filter { $0.numbers.values.contains { $0 >= 450 } }.map(\.name)
        #expect(newest.count >= 20)
        #expect(Set(newest).subtracting(NewerCall.all.map(\.call.name)) == [])
    }

    /// Where this kernel has the call, which it says before the filter is loaded.
    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `changes the answers to newer calls to those that are written down`(choice: AgentPolicy.SystemCalls) async {
        await #expect(processExitsWith: .success) { [name = choice.rawValue as String] in
            let choice = try #require(AgentPolicy.SystemCalls(rawValue: name))
            let machine = try FilterMachine(choice)
            let calls = NewerCall.all.filter { $0.number != nil }
            let before = calls.map { $0.call.answer($0.number ?? 0) }
            try SystemCallFilter(choice).load()
            let after = calls.map { $0.call.answer($0.number ?? 0) }

            for (index, newer) in calls.enumerated() {
                let number = try #require(newer.number)
                let isThere = before[index] != ENOSYS
                #expect(isThere || !newer.isExpected, "\(newer.call) is not in this kernel, which should have it")
                // None is made for its effect.
                #expect(before[index] != 0, "\(newer.call)")
                switch machine.verdict(number, newer.call.arguments) {
                case .errno(let wanted):
                    // The control: without the filter the kernel says something else, where it knows the call.
                    #expect(!isThere || before[index] != wanted, "\(newer.call) would prove nothing")
                    #expect(after[index] == wanted, "\(newer.call)")
                case .allow: #expect(after[index] == before[index], "\(newer.call)")
                case let verdict: Issue.record("\(newer.call): \(verdict)")
                }
            }
        }
    }

    /// All calls in one process, once before and once after the filter is loaded.
    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `changes the answers of the kernel to those of the tables, and no others`(choice: AgentPolicy.SystemCalls)
        async
    {
        await #expect(processExitsWith: .success) { [name = choice.rawValue as String] in
            let choice = try #require(AgentPolicy.SystemCalls(rawValue: name))
            let machine = try FilterMachine(choice)
            let calls = try HarmlessCall.all.filter {
                try SystemCallRule.Call.named($0.name).number(on: .native) != nil
            }
            let before = try calls.map { try $0.answer() }
            try SystemCallFilter(choice).load()
            let after = try calls.map { try $0.answer() }

            var refused = 0
            for (index, call) in calls.enumerated() {
                let number = try #require(try SystemCallRule.Call.named(call.name).number(on: .native))
                switch machine.verdict(number, call.arguments) {
                case .errno(let wanted):
                    // The control: without the filter the kernel says something else.
                    #expect(before[index] != wanted, "\(call) would prove nothing")
                    #expect(after[index] == wanted, "\(call)")
                    refused += 1
                case .allow: #expect(after[index] == before[index], "\(call)")
                case let verdict: Issue.record("\(call): \(verdict)")
                }
            }
            #expect(refused > 45)
        }
    }

    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `lets a process start programs and threads`(choice: AgentPolicy.SystemCalls) async {
        await #expect(processExitsWith: .success) { [name = choice.rawValue as String] in
            try SystemCallFilter(try #require(AgentPolicy.SystemCalls(rawValue: name))).load()
            let status = unsafe system("set -e; a=$(echo hello | cat); [ \"$a\" = hello ]; : > /dev/null")
            #expect(status == 0)
        }
    }

    #if arch(x86_64)
    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `kills a process that makes a call of x32`(choice: AgentPolicy.SystemCalls) async {
        // getppid. The control: a kernel with or without x32 answers, and goes on.
        #expect(dvm_try_call(0x4000_0000 | 110, 0, 0, 0, 0) != 0)
        await #expect(processExitsWith: .signal(SIGSYS)) { [name = choice.rawValue as String] in
            try SystemCallFilter(try #require(AgentPolicy.SystemCalls(rawValue: name))).load()
            _ = dvm_try_call(0x4000_0000 | 110, 0, 0, 0, 0)
        }
    }
    #endif
}
