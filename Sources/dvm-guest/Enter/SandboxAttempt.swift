internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Something the sandbox must answer in a certain way, and how to try it.
struct SandboxAttempt: Sendable {
    var name: String
    /// The answers that mean the protection holds.
    var expected: Set<String>
    /// Other answers where the configuration chose other system calls.
    var expectedUnder: [AgentPolicy.SystemCalls: Set<String>] = [:]
    /// What it would mean if it does not.
    var meaning: String
    /// Makes the call; -1 and errno on failure.
    var make: @Sendable () -> Int

    /// The answers that mean the protection holds, with these system calls.
    func expected(under choice: AgentPolicy.SystemCalls) -> Set<String> { expectedUnder[choice] ?? expected }

    /// The answer of the kernel, by name.
    func answer() -> String {
        errno = 0
        guard make() == -1 else { return "ok" }
        return Self.names[errno] ?? "errno \(errno)"
    }

    /// The attempts, the harmless before those that would change this process if they worked.
    static let all: [Self] = [
        Self(name: "keyctl", expected: ["EPERM"], meaning: "kernel keyrings of others can be reached") {
            Int(dvm_try_keyctl())
        },
        Self(
            name: "clone3",
            expected: ["ENOSYS"],
            // Tried without arguments, which the kernel does not take.
            expectedUnder: [.nested: ["EINVAL"]],
            meaning: "namespaces can be made with flags no filter sees"
        ) {
            Int(dvm_try_clone3())
        },
        Self(name: "socket vsock", expected: ["EAFNOSUPPORT"], meaning: "Lima's agent and the host can be reached") {
            Int(dvm_try_socket(40, 1, 0))
        },
        Self(name: "socket vsock, high bits", expected: ["EAFNOSUPPORT"], meaning: "the filter can be passed by") {
            Int(dvm_try_socket(1 << 32 | 40, 1, 0))
        },
        Self(name: "io_uring", expected: ["EPERM"], meaning: "calls can be made that no filter sees") {
            Int(dvm_try_io_uring())
        },
        Self(
            name: "netlink netfilter",
            expected: ["EPROTONOSUPPORT"],
            meaning: "the kernel's firewall can be talked to"
        ) {
            Int(dvm_try_socket(16, 3, 12))
        },
        Self(name: "type into the terminal", expected: ["EPERM"], meaning: "commands can be typed as if by a person") {
            // The filter answers before the kernel looks whether there is a terminal.
            Int(dvm_try_terminal(STDIN_FILENO, 0x5412))
        },
        Self(name: "chmod setuid", expected: ["EPERM"], meaning: "setuid programs can be left behind") {
            withFile { unsafe Int(chmod($0, 0o4755)) }
        },
        Self(name: "create setuid", expected: ["EPERM"], meaning: "setuid programs can be left behind") {
            withFile { unsafe Int(dvm_try_create($0 + "-2", 0o4755)) }
        },
        // Answered by the filter; by the kernel as well, which knows no capability here.
        Self(name: "mount", expected: ["EPERM"], meaning: "other files can be put over ours") {
            unsafe Int(dvm_try_mount("/tmp"))
        },
        Self(
            name: "new user namespace",
            expected: ["EPERM"],
            expectedUnder: [.nested: ["ok"]],
            meaning: "dropped rights can be had again"
        ) {
            Int(dvm_try_new_user_namespace())
        },
        // Debuggers need ptrace, and the pid namespace bounds it: what it reaches is the agent's own. EPERM where Yama
        // says no.
        Self(
            name: "trace process 1",
            expected: ["ok", "EPERM"],
            expectedUnder: [.strict: ["EPERM"]],
            meaning: "processes outside can be traced"
        ) {
            Int(dvm_try_trace(1))
        },
    ]

    private static func withFile(_ body: (String) -> Int) -> Int {
        let path = "/tmp/dvm-probe-\(getpid())"
        let file = unsafe creat(path, 0o600)
        defer {
            let error = errno
            close(file)
            for name in [path, path + "-2"] { unsafe unlink(name) }
            errno = error
        }
        return body(path)
    }

    private static let names: [Int32: String] = [
        EPERM: "EPERM", ENOENT: "ENOENT", ESRCH: "ESRCH", EBADF: "EBADF", ENOMEM: "ENOMEM", EACCES: "EACCES",
        EFAULT: "EFAULT", EBUSY: "EBUSY", EINVAL: "EINVAL", EMFILE: "EMFILE", ENOTTY: "ENOTTY", ENOSPC: "ENOSPC",
        EROFS: "EROFS", ENOSYS: "ENOSYS", EIO: "EIO", EUSERS: "EUSERS", ENOKEY: "ENOKEY",
        EPROTONOSUPPORT: "EPROTONOSUPPORT",
        EAFNOSUPPORT: "EAFNOSUPPORT", EOPNOTSUPP: "EOPNOTSUPP", EEXIST: "EEXIST",
    ]
}
