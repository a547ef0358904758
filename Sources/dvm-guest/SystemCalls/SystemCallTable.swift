/// The calls an agent's programs do not make, each with its reason; everything else that is known is allowed.
///
/// A list of refusals and not of permissions: compilers, databases and debuggers use most of what is left. `ptrace` stays,
/// since debuggers need it and the pid namespace bounds it.
enum SystemCallTable {
    /// Refused in every session.
    static let always: [SystemCallRule] =
        keyrings + attackSurface + administration + dead + terminals + setuidFiles + sockets

    /// Refused where tools make no sandboxes of their own.
    static let confining: [SystemCallRule] = namespaces + mounts + names

    private static let keyrings: [SystemCallRule] = [
        SystemCallRule(
            "add_key",
            "keyctl",
            "request_key",
            answer: .notPermitted,
            why: "keyrings belong to users and sessions and cross every namespace"
        )
    ]

    private static let namespaces: [SystemCallRule] = [
        SystemCallRule(
            "unshare",
            "setns",
            answer: .notPermitted,
            why: "a new user namespace gives back what was dropped, and opens most of the kernel's faults of late"
        ),
        SystemCallRule(
            "clone",
            answer: .notPermitted,
            // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
            when: [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000].map {
                [.flag(0, $0)]
            },
            why: "makes the same namespaces as unshare"
        ),
        SystemCallRule(
            "clone3",
            answer: .notThere,
            why: "its flags are behind a pointer; C libraries fall back to clone"
        ),
    ]

    private static let mounts: [SystemCallRule] = [
        SystemCallRule(
            "mount",
            "umount",
            "umount2",
            "pivot_root",
            "chroot",
            answer: .notPermitted,
            why: "could take off what is mounted over something, or put other files over ours"
        ),
        SystemCallRule(
            "open_tree",
            "move_mount",
            "fsopen",
            "fsconfig",
            "fsmount",
            "fspick",
            "mount_setattr",
            .new(467, "open_tree_attr"),
            answer: .notThere,
            why: "the newer ways to mount (CVE-2021-41133)"
        ),
    ]

    private static let names: [SystemCallRule] = [
        SystemCallRule(
            "sethostname",
            "setdomainname",
            answer: .notPermitted,
            why: "need a capability too, which only a namespace of one's own gives"
        )
    ]

    private static let attackSurface: [SystemCallRule] = [
        SystemCallRule(
            "io_uring_setup",
            "io_uring_enter",
            "io_uring_register",
            answer: .notPermitted,
            why: "makes calls that no filter sees: IORING_OP_SOCKET opens the sockets refused below"
        ),
        SystemCallRule(
            "open_by_handle_at",
            answer: .notPermitted,
            why: "opens any file of a file system by number, outside the view too"
        ),
        SystemCallRule("pidfd_getfd", answer: .notPermitted, why: "takes descriptors out of other processes"),
        SystemCallRule(
            "bpf",
            "perf_event_open",
            "userfaultfd",
            "fanotify_init",
            "lookup_dcookie",
            "modify_ldt",
            "move_pages",
            "migrate_pages",
            answer: .notPermitted,
            why: "large parts of the kernel that developers' tools hardly use and exploits like"
        ),
    ]

    private static let administration: [SystemCallRule] = [
        SystemCallRule(
            calls: [
                "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module",
                "query_module", "get_kernel_syms", "acct", "quotactl", .new(443, "quotactl_fd"), "swapon", "swapoff",
                "reboot", "syslog", "vhangup", "iopl", "ioperm", "settimeofday", "clock_settime", "stime", "vm86",
                "vm86old",
            ],
            answer: .notPermitted,
            why: "the machine's administration; needs capabilities too, and this is the second lock"
        )
    ]

    private static let dead: [SystemCallRule] = [
        SystemCallRule(
            "uselib",
            "nfsservctl",
            "_sysctl",
            "sysfs",
            "ustat",
            "afs_syscall",
            "vserver",
            answer: .notThere,
            why: "nothing uses them any more but exploits"
        ),
        SystemCallRule(
            .new(460, "lsm_set_self_attr"),
            answer: .notThere,
            why: "changes the process's own security label"
        ),
    ]

    private static let terminals: [SystemCallRule] = [
        SystemCallRule(
            "ioctl",
            answer: .notPermitted,
            when: [[.number(1, 0x5412)]],
            why: "TIOCSTI types into a terminal as if a person had (CVE-2017-5226; with high bits CVE-2019-10063)"
        ),
        SystemCallRule(
            "ioctl",
            answer: .notPermitted,
            when: [[.number(1, 0x541C)]],
            why: "TIOCLINUX pastes into a console (CVE-2023-28100)"
        ),
        SystemCallRule(
            "ioctl",
            answer: .notPermitted,
            when: [[.number(1, 0x541D)]],
            why: "TIOCCONS takes the kernel's console output"
        ),
        SystemCallRule(
            "ioctl",
            answer: .notPermitted,
            when: [[.number(1, 0x5423)]],
            why: "TIOCSETD loads kernel modules for line disciplines, which have been exploited (n_gsm)"
        ),
    ]

    private static let setuid: UInt32 = 0o4000
    private static let setgid: UInt32 = 0o2000
    /// Either bit in a mode.
    ///
    /// On the project's mount the agent counts as the owner, so what it marks runs with the developer's user or group
    /// outside.
    private static func marked(_ mode: UInt32, also conditions: [SystemCallRule.Condition] = [])
        -> [[SystemCallRule.Condition]]
    {
        [setuid, setgid].map { conditions + [.flag(mode, $0)] }
    }

    /// A row for sessions that get at the project by access lists, whose directories are setgid: `chmod`, `cp -a` and `tar`
    /// give directories that bit along with the others.
    ///
    /// There the agent is not in the group of those directories, so the kernel takes the bit from every file of its own.
    static func allowingSetgid(_ rule: SystemCallRule) -> SystemCallRule {
        var rule = rule
        rule.cases.removeAll { $0.contains { $0 == .flag($0.argument, setgid) } }
        return rule
    }

    /// Marked, and creating: without O_CREAT or O_TMPFILE the mode's place holds anything.
    private static func markedWhenCreating(flags: UInt32, mode: UInt32) -> [[SystemCallRule.Condition]] {
        [0o100, 0o20_000_000].flatMap { marked(mode, also: [.flag(flags, $0)]) }
    }

    private static let setuidFiles: [SystemCallRule] = [
        SystemCallRule(
            "chmod",
            "fchmod",
            answer: .notPermitted,
            when: marked(1),
            why: "no setuid or setgid program is left behind for whoever runs it outside"
        ),
        SystemCallRule(
            "fchmodat",
            .new(452, "fchmodat2"),
            answer: .notPermitted,
            when: marked(2),
            why: "the same relative to a directory"
        ),
        SystemCallRule(
            "open",
            answer: .notPermitted,
            when: markedWhenCreating(flags: 1, mode: 2),
            why: "a new file takes these bits from its first mode, without any chmod"
        ),
        SystemCallRule(
            "openat",
            answer: .notPermitted,
            when: markedWhenCreating(flags: 2, mode: 3),
            why: "the same relative to a directory"
        ),
        SystemCallRule(
            "creat",
            "mknod",
            answer: .notPermitted,
            when: marked(1),
            why: "makes files with these bits too"
        ),
        SystemCallRule("mknodat", answer: .notPermitted, when: marked(2), why: "makes files with these bits too"),
        SystemCallRule(
            "openat2",
            answer: .notThere,
            why: "its mode is behind a pointer; programs fall back to openat, as on kernels before 5.6"
        ),
    ]

    /// AF_UNIX, AF_INET, AF_INET6, AF_NETLINK.
    private static let families: Set<UInt32> = [1, 2, 10, 16]

    private static let sockets: [SystemCallRule] = [
        SystemCallRule(
            "socket",
            answer: .noFamily,
            when: (0..<64).filter { !families.contains($0) }.map { [.number(0, $0)] } + [[.atLeast(0, 64)]],
            why: """
                AF_VSOCK leads out of the VM to Lima's agent and to the host; the others (ALG, PACKET, KEY, CAN, \
                BLUETOOTH, TIPC, RDS, XDP, …) load modules that have been exploited
                """
        ),
        SystemCallRule(
            "socket",
            answer: .noProtocol,
            when: [[.number(0, 16), .isNot(2, 0)]],
            why: "of netlink only ROUTE, for getifaddrs: netfilter, audit, uevent and sock_diag have been exploited"
        ),
        SystemCallRule(
            "socket",
            answer: .noProtocol,
            // SCTP, DCCP, L2TP, UDP-Lite, over either IP.
            when: [2, 10].flatMap { family in
                [132, 33, 115, 136].map { [.number(0, family), .number(2, $0)] }
            },
            why: "loads modules that have been exploited"
        ),
        SystemCallRule(
            "socket",
            answer: .noProtocol,
            // No number of a packet's header: 256 is SMC, which is AF_SMC by another name (Linux 6.11), 262 MPTCP.
            when: [2, 10].map { [.number(0, $0), .atLeast(2, 256)] },
            why: "loads modules that have been exploited; programs that ask for MPTCP go on with TCP (Go's listeners)"
        ),
        SystemCallRule(
            "socketpair",
            answer: .noFamily,
            when: [[.isNot(0, 1)]],
            why: "other families than AF_UNIX reach the same code as socket"
        ),
    ]
}
