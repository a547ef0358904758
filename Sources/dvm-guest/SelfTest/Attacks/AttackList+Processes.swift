internal import CLinux
internal import Glibc

/// Other processes, and the kernel as `/proc` shows it.
extension AttackList {
    static let processes = AttackSubject(name: "processes and /proc", attacks: othersProcesses + procFiles)

    private static let othersProcesses = [
        Attack("signal a process outside", gain: "an end to other sessions of the account") { ground in
            .call(dvm_call_kill, .number(UInt64(ground.victim)), 0)
        },
        Attack(
            "trace a process outside",
            gain: "its memory, and code of one's own in it",
            held: ["EPERM": .processes]
        ) { ground in
            // PTRACE_SEIZE, which does not stop it and ends with this process.
            .call(dvm_call_ptrace, 0x4206, .number(UInt64(ground.victim)), 0, 0)
        },
        Attack("read the memory of a process outside", gain: "keys in it", held: ["EPERM": .processes]) { ground in
            .of { dvm_attack_read_memory(ground.victim) }
        },
        Attack("open the memory of a process outside", gain: "keys in it", held: ["ENOENT": .processes]) { ground in
            .opens("/proc/\(ground.victim)/mem")
        },
        Attack("read the variables of a process outside", gain: "keys in them", held: ["ENOENT": .processes]) {
            ground in .reads("/proc/\(ground.victim)/environ")
        },
        Attack("list the descriptors of a process outside", gain: "its files", held: ["ENOENT": .processes]) { ground in
            .opens("/proc/\(ground.victim)/fd", O_RDONLY | O_DIRECTORY)
        },
        Attack("enter the root of a process outside", gain: "the VM's files", held: ["ENOENT": .processes]) { ground in
            .reads("/proc/\(ground.victim)/root\(ground.canary)")
        },
        Attack(
            "hold a process outside by descriptor",
            gain: "a way to take its descriptors",
            held: ["EINVAL": .processes]
        ) { ground in .call(dvm_call_pidfd_open, .number(UInt64(ground.victim)), 0) },
        Attack(
            "take a descriptor from another process",
            gain: "files that were not meant for it",
            held: ["EPERM": .filter],
            control: .agent
        ) { _ in
            let process = dvm_pidfd_open(getppid())
            // Whatever the other process is: the first thing asked is whether there is such a descriptor.
            return .call(dvm_call_pidfd_getfd, .number(UInt64(process)), 9999, 0, reaching: ["EBADF"])
        },
        Attack(
            "trace a process of the session",
            gain: "what the session has anyway: a debugger",
            held: ["EPERM": .filter, "ENOSYS": .filter],
            permitted: tracing
        ) { _ in .call(dvm_call_ptrace, 0x4206, .number(UInt64(getppid())), 0, 0) },
        Attack("enter the root of process 1", gain: "the VM's files", control: .root) { ground in
            .reads("/proc/1/root\(ground.canary)")
        },
        Attack(
            "leave through a descriptor of any process",
            gain: "a directory outside",
            held: ["ENOENT": .view, "nothing to try": .view]
        ) { ground in
            let root = unsafe open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { close(root) }
            return .any(
                of: (["self"] + (1..<64).map(String.init)).flatMap { pid in (0..<32).map { "\(pid)/fd/\($0)" } }
            ) {
                .reads("/proc/\($0)\(ground.canary)")
            }
        },
        Attack(
            "use a descriptor that was left open",
            gain: "whatever it is of",
            held: ["none": .view],
            control: .leftOut("what is left open outside is not the sandbox's")
        ) { ground in
            ground.inherited.isEmpty
                ? .refused("none") : .worked(ground.inherited.map { "descriptor \($0)" }.joined(separator: ", "))
        },
    ]

    private static func opening(_ path: String, _ flags: Int32 = O_RDONLY, gain: String) -> Attack {
        let verb = flags & O_ACCMODE == O_RDONLY ? "read" : "write"
        return Attack("\(verb) \(path)", gain: gain, control: .root) { _ in .opens(path, flags) }
    }

    private static let procFiles = [
        opening("/proc/kcore", gain: "the memory of the VM"),
        opening("/proc/kmsg", gain: "addresses and secrets in the kernel's messages"),
        opening("/proc/sysrq-trigger", O_WRONLY, gain: "restarting the VM, and more"),
        opening("/proc/sys/kernel/core_pattern", O_WRONLY, gain: "a program, started by the kernel as root"),
        opening("/proc/sys/kernel/modprobe", O_WRONLY, gain: "a program, started by the kernel as root"),
        opening("/proc/sys/kernel/hostname", O_WRONLY, gain: "the VM's name"),
        opening("/proc/sys/vm/drop_caches", O_WRONLY, gain: "the VM's settings"),
        opening("/proc/sys/kernel/yama/ptrace_scope", O_WRONLY, gain: "who may trace whom in the VM"),
        opening("/sys/kernel/uevent_helper", O_WRONLY, gain: "a program, started by the kernel as root"),
        opening("/proc/sys/fs/binfmt_misc/register", O_WRONLY, gain: "a program, run in place of others' programs"),
        opening("/proc/sys/net/ipv4/ip_forward", O_WRONLY, gain: "the routes of the session's network"),
        opening("/sys/fs/cgroup/cgroup.procs", O_WRONLY, gain: "a way out of the session's limits"),
        Attack("make a control group", gain: "limits of its own choice", control: .root) { _ in
            let group = "/sys/fs/cgroup/dvm-selftest-\(getpid())"
            return .of { unsafe mkdir(group, 0o755) }.then { .of { unsafe rmdir(group) } }
        },
        Attack(
            "be ended last when memory runs out",
            gain: "the VM's services ended in its place",
            held: ["EACCES": .capabilities],
            control: .root
        ) { _ in .writes("/proc/self/oom_score_adj", "-1000") },
        opening("/sys/kernel/debug", gain: "the kernel's insides"),
    ]
}
