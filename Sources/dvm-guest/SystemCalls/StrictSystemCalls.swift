/// Calls that pass where nothing else does, with the reason they are needed.
struct AllowedSystemCalls {
    var calls: [SystemCallRule.Call]
    /// The values of the first argument with which they pass; any when absent.
    var firstArguments: [UInt32]?
    var why: String

    init(_ calls: [SystemCallRule.Call], firstArguments: [UInt32]? = nil, why: String) {
        self.calls = calls
        self.firstArguments = firstArguments
        self.why = why
    }
}

/// The profile `strict`: what programs are known to need, and no debuggers.
///
/// What is on neither list looks like a call of a newer kernel (ENOSYS), so that libraries take the older way. The rows of
/// `SystemCallTable` hold as well, and refuse arguments of what is allowed here.
enum StrictSystemCalls {
    /// Refused by name, so that programs say why they do not work.
    static let refused: [SystemCallRule] = [
        SystemCallRule(
            "ptrace",
            "process_vm_readv",
            "process_vm_writev",
            "kcmp",
            "process_madvise",
            answer: .notPermitted,
            why: "reads and changes other processes; debuggers and `strace` need it, and nothing else"
        ),
        SystemCallRule(
            "mbind",
            "set_mempolicy",
            "get_mempolicy",
            .new(450, "set_mempolicy_home_node"),
            answer: .notPermitted,
            why: "places memory on the nodes of large machines; has had faults, and a VM has one node"
        ),
        SystemCallRule(
            .new(447, "memfd_secret"),
            "remap_file_pages",
            answer: .notPermitted,
            why: "changes how memory is mapped in ways that hardly a program uses"
        ),
        SystemCallRule(
            "name_to_handle_at",
            answer: .notPermitted,
            why: "makes what open_by_handle_at takes"
        ),
    ]

    static let allowed: [AllowedSystemCalls] =
        files + memory + processes + time + communication

    private static let files: [AllowedSystemCalls] = [
        AllowedSystemCalls(
            [
                "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2",
                "lseek", "readahead", "fadvise64", "sendfile", "splice", "tee", "vmsplice", "copy_file_range",
                "fallocate", "truncate", "ftruncate", "fsync", "fdatasync", "sync", "syncfs", "sync_file_range",
                .new(451, "cachestat"),
            ],
            why: "the bytes of files, and that they reach the disk"
        ),
        AllowedSystemCalls(
            [
                "open", "openat", "creat", "close", "close_range", "dup", "dup2", "dup3", "fcntl", "flock", "ioctl",
                "pipe", "pipe2", "memfd_create", "umask",
            ],
            why: "descriptors; rows of the table refuse some requests and modes"
        ),
        AllowedSystemCalls(
            [
                "stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat",
                "faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "chmod", "fchmod", "fchmodat",
                .new(452, "fchmodat2"), "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "futimesat",
                "utimensat", .new(468, "file_getattr"),
            ],
            why: "what is said about files; the agent's own rights bound it"
        ),
        AllowedSystemCalls(
            [
                "setxattr", "lsetxattr", "fsetxattr", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr",
                "flistxattr", "removexattr", "lremovexattr", "fremovexattr", .new(463, "setxattrat"),
                .new(464, "getxattrat"), .new(465, "listxattrat"), .new(466, "removexattrat"),
            ],
            why: "access lists and the like, which `cp -a` and `tar` copy"
        ),
        AllowedSystemCalls(
            [
                "link", "linkat", "symlink", "symlinkat", "rename", "renameat", "renameat2", "unlink", "unlinkat",
                "mkdir", "mkdirat", "rmdir", "mknod", "mknodat", "chdir", "fchdir", "getcwd",
            ],
            why: "the names of files; mknod for named pipes, since devices need a capability"
        ),
        AllowedSystemCalls(
            ["inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch"],
            why: "tools that rebuild when a file changes"
        ),
        AllowedSystemCalls(
            [
                "io_setup", "io_submit", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents",
            ],
            why: "databases write with them"
        ),
    ]

    private static let memory: [AllowedSystemCalls] = [
        AllowedSystemCalls(
            [
                "brk", "mmap", "munmap", "mremap", "mprotect", "msync", "madvise", "mincore", "mlock", "mlock2",
                "mlockall", "munlock", "munlockall", "membarrier", "pkey_alloc", "pkey_free", "pkey_mprotect",
                .new(453, "map_shadow_stack"), .new(462, "mseal"),
            ],
            why: "a process's own memory"
        )
    ]

    private static let processes: [AllowedSystemCalls] = [
        AllowedSystemCalls(
            [
                "clone", "fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitid", "pidfd_open",
                "prctl", "arch_prctl", "uname", "sysinfo", "getrandom",
            ],
            why: "programs and threads; rows of the table refuse the flags of clone that make namespaces"
        ),
        AllowedSystemCalls(
            [.new(335, "uretprobe"), .new(336, "uprobe")],
            why: "where the VM's root has put a probe into a program; refused, they would crash it (x86_64 only)"
        ),
        AllowedSystemCalls(
            // PER_LINUX, PER_LINUX32, both with UNAME26, ADDR_NO_RANDOMIZE; the last one asks what is set.
            ["personality"],
            firstArguments: [0, 8, 0x2_0000, 0x2_0008, 0x4_0000, 0xFFFF_FFFF],
            why: "the other personalities make old ways of the kernel's memory come back"
        ),
        AllowedSystemCalls(
            [
                "kill", "tkill", "tgkill", "pidfd_send_signal", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
                "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo",
                "sigaltstack", "pause", "restart_syscall",
            ],
            why: "signals, to the processes of the session only: the pid namespace has no others"
        ),
        AllowedSystemCalls(
            [
                "getpid", "getppid", "gettid", "getpgid", "getpgrp", "setpgid", "getsid", "setsid", "getuid", "geteuid",
                "getgid", "getegid", "getresuid", "getresgid", "getgroups", "setuid", "setgid", "setreuid", "setregid",
                "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups", "capget", "capset",
            ],
            why: "who one is; there is nobody else to become, and programs ask for what they are already"
        ),
        AllowedSystemCalls(
            ["seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"],
            why: "programs that confine themselves further; it can only add"
        ),
        AllowedSystemCalls(
            [
                "getrlimit", "setrlimit", "prlimit64", "getrusage", "times", "getpriority", "setpriority", "getcpu",
                "sched_getaffinity", "sched_setaffinity", "sched_getattr", "sched_setattr", "sched_getparam",
                "sched_setparam", "sched_getscheduler", "sched_setscheduler", "sched_get_priority_max",
                "sched_get_priority_min", "sched_rr_get_interval", "sched_yield", "ioprio_get", "ioprio_set",
            ],
            why: "limits and turns on the processor; raising them needs a capability"
        ),
        AllowedSystemCalls(
            [
                "futex", "futex_waitv", .new(454, "futex_wake"), .new(455, "futex_wait"), .new(456, "futex_requeue"),
                "get_robust_list", "set_robust_list", "set_tid_address", "rseq",
            ],
            why: "threads that wait for one another"
        ),
    ]

    private static let time: [AllowedSystemCalls] = [
        AllowedSystemCalls(
            [
                "clock_gettime", "clock_getres", "clock_nanosleep", "gettimeofday", "time", "nanosleep", "alarm",
                "getitimer", "setitimer", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime",
                "timer_settime", "timerfd_create", "timerfd_gettime", "timerfd_settime", "adjtimex", "clock_adjtime",
            ],
            why: "clocks and timers; setting a clock needs a capability, reading how far it is off does not"
        ),
        AllowedSystemCalls(
            [
                "select", "pselect6", "poll", "ppoll", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait",
                "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "signalfd", "signalfd4",
            ],
            why: "waiting for several things at once"
        ),
    ]

    private static let communication: [AllowedSystemCalls] = [
        AllowedSystemCalls(
            [
                "socket", "socketpair", "bind", "connect", "listen", "accept", "accept4", "getsockname", "getpeername",
                "getsockopt", "setsockopt", "shutdown", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg",
                "recvmmsg",
            ],
            why: "sockets of the families that rows of the table leave"
        ),
        AllowedSystemCalls(
            [
                "shmget", "shmat", "shmctl", "shmdt", "semget", "semop", "semctl", "semtimedop", "msgget", "msgsnd",
                "msgrcv", "msgctl", "mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify",
                "mq_getsetattr",
            ],
            why: "databases; the IPC namespace is the session's own"
        ),
    ]
}
