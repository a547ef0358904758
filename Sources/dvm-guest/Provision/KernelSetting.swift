internal import DVMProtocol

/// A setting of the kernel that weighs for an agent's sandbox, and what it should be.
struct KernelSetting: Sendable {
    /// As sysctl(8) calls it.
    var name: String
    /// The values that are as they should be.
    var good: ClosedRange<Int>
    /// What dvm sets it to where it is not; nothing where that would be in the way of people's own work.
    var hardened: Int?
    /// What another value would mean.
    var meaning: String

    /// The settings, the file and the doctor have them in this order.
    static let all: [Self] = [
        Self(
            name: "dev.tty.legacy_tiocsti",
            good: 0...0,
            hardened: 0,
            meaning: "programs can type into the terminal they run in, as if its user had"
        ),
        Self(
            name: "dev.tty.ldisc_autoload",
            good: 0...0,
            hardened: 0,
            meaning: "any user can have the kernel load line disciplines, which have been exploited"
        ),
        Self(
            name: "fs.protected_hardlinks",
            good: 1...1,
            hardened: 1,
            meaning: "users can make hard links to files that are not theirs"
        ),
        Self(
            name: "fs.protected_symlinks",
            good: 1...1,
            hardened: 1,
            meaning: "links of others in /tmp are followed"
        ),
        Self(
            name: "fs.protected_fifos",
            good: 1...2,
            hardened: 1,
            meaning: "FIFOs of others in /tmp are opened in the place of files"
        ),
        Self(
            name: "fs.protected_regular",
            good: 1...2,
            hardened: 1,
            meaning: "files of others in /tmp are opened in the place of new ones"
        ),
        Self(
            name: "kernel.unprivileged_bpf_disabled",
            good: 1...2,
            hardened: 2,
            meaning: "any user can load programs into the kernel"
        ),
        Self(
            name: "kernel.kptr_restrict",
            good: 1...2,
            hardened: 1,
            meaning: "any user can read addresses of the kernel, which exploits need"
        ),
        Self(
            name: "vm.unprivileged_userfaultfd",
            good: 0...0,
            hardened: 0,
            meaning: "any user can hold up the kernel in the middle of a call, which exploits need"
        ),
        // Databases and JavaScript runtimes use it, and people trace their own processes: left as they are. The
        // filter refuses the one to agents, the process namespace bounds the other.
        Self(
            name: "kernel.io_uring_disabled",
            good: 0...2,
            meaning: "agents are kept from io_uring by the system call filter alone"
        ),
        Self(
            name: "kernel.yama.ptrace_scope",
            good: 0...3,
            meaning: "people's own processes may trace each other; agents are kept from them by their process namespace"
        ),
    ]

    init(name: String, good: ClosedRange<Int>, hardened: Int? = nil, meaning: String) {
        self.name = name
        self.good = good
        self.hardened = hardened
        self.meaning = meaning
    }
}
