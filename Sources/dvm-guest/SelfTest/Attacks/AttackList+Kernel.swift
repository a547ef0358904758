internal import CLinux
internal import Glibc

/// Parts of the kernel that exploits like and developers' tools hardly use, and the machine's administration.
extension AttackList {
    static let kernel = AttackSubject(name: "the kernel", attacks: surface + administration + devices + otherABIs)

    private static let filtered = ["EPERM": Attack.Layer.filter, "ENOSYS": .filter]

    private static let surface = [
        Attack("io_uring", gain: "calls that no filter sees", held: filtered) { _ in .of { dvm_attack_io_uring() } },
        Attack("io_uring_register", gain: "calls that no filter sees", held: filtered) { _ in
            .call(dvm_call_io_uring_register, -1, 0, 0, 0, reaching: ["EBADF", "EINVAL", "EFAULT"])
        },
        Attack("a BPF map", gain: "programs in the kernel", held: filtered, control: .root) { _ in
            .of { dvm_attack_bpf_map() }
        },
        Attack("perf_event_open", gain: "a part of the kernel with many faults", held: filtered, control: .root) { _ in
            .of { dvm_attack_perf_event() }
        },
        Attack("userfaultfd", gain: "time to win races in the kernel", held: filtered) { _ in
            // UFFD_USER_MODE_ONLY, the kind an ordinary user may have.
            .call(dvm_call_userfaultfd, 1)
        },
        Attack("fanotify", gain: "word of what others do with files", held: filtered) { _ in
            // FAN_REPORT_FID, which Linux 5.13 gives to ordinary users.
            .call(dvm_call_fanotify_init, 0x200, 0)
        },
        Attack("move pages of memory", gain: "where things are in the machine's memory", held: filtered) { _ in
            .call(dvm_call_move_pages, 0, 0, 0, 0, 0, 0)
        },
        Attack(
            "open a file by its number",
            gain: "any file of a file system, outside the view too",
            held: filtered,
            control: .root
        ) { _ in .of { unsafe dvm_attack_handle("/usr") } },
        Attack("change its own security label", gain: "another label", held: filtered) { _ in
            .call(
                dvm_call_lsm_set_self_attr,
                100,
                0,
                0,
                1,
                reaching: ["EINVAL", "EOPNOTSUPP", "EFAULT", "E2BIG"]
            )
        },
        Attack("quotactl_fd", gain: "others' limits", held: filtered) { _ in
            .call(dvm_call_quotactl_fd, -1, 0, 0, 0, reaching: ["EBADF", "EINVAL"])
        },
    ]

    /// Each refused by the kernel too, for want of a capability: with arguments that would have no effect.
    private static let administration = [
        Attack("load a module", gain: "the kernel", held: filtered, control: .root) { _ in
            .call(dvm_call_finit_module, -1, "", 0, reaching: ["EBADF", "ENOEXEC"])
        },
        Attack("load a module from memory", gain: "the kernel", held: filtered, control: .root) { _ in
            .call(dvm_call_init_module, "", 0, "", reaching: ["ENOEXEC"])
        },
        Attack("unload a module", gain: "a part of the kernel less", held: filtered, control: .root) { _ in
            .call(dvm_call_delete_module, "dvm_selftest", 0x800, reaching: ["ENOENT"])
        },
        Attack("load another kernel", gain: "the VM", held: filtered, control: .root) { _ in
            .call(dvm_call_kexec_load, 0, 0, 0, 0xFFFF, reaching: ["EINVAL"])
        },
        Attack("load another kernel from a file", gain: "the VM", held: filtered, control: .root) { _ in
            .call(dvm_call_kexec_file_load, -1, -1, 0, 0, 0xFFFF, reaching: ["EINVAL", "EBADF"])
        },
        Attack("swap to a file", gain: "others' memory, on a disk", held: filtered, control: .root) { _ in
            .call(dvm_call_swapon, "/tmp/dvm-selftest-none", 0, reaching: ["ENOENT"])
        },
        Attack("stop swapping", gain: "a VM without memory", held: filtered, control: .root) { _ in
            .call(dvm_call_swapoff, "/tmp/dvm-selftest-none", reaching: ["ENOENT"])
        },
        Attack("restart the VM", gain: "an end to everybody's work", held: filtered, control: .root) { _ in
            // With a number that no kernel takes for the magic one.
            .call(dvm_call_reboot, 1, 1, 0, 0, reaching: ["EINVAL"])
        },
        Attack("read the kernel's messages", gain: "addresses and secrets in them", held: filtered, control: .root) {
            _ in .call(dvm_call_syslog, 10, 0, 0)
        },
        Attack("rename the VM", gain: "others' trust in a name", held: filtered, control: .root) { _ in
            .call(dvm_call_sethostname, "", -1, reaching: ["EINVAL"])
        },
        Attack("set the clock", gain: "old certificates, accepted", held: filtered, control: .root) { _ in
            // CLOCK_MONOTONIC, which nobody can set.
            .call(dvm_call_clock_settime, 1, "................", reaching: ["EINVAL"])
        },
        Attack("account for processes", gain: "what others run", held: filtered, control: .root) { _ in
            .call(dvm_call_acct, "/tmp/dvm-selftest-none", reaching: ["ENOENT"])
        },
    ]

    private static func device(_ path: String, gain: String) -> Attack {
        Attack("open \(path)", gain: gain, control: .root) { _ in .opens(path) }
    }

    private static let devices = [
        device("/dev/mem", gain: "the machine's memory"), device("/dev/kmsg", gain: "the kernel's messages"),
        device("/dev/vda", gain: "the VM's disk, every file on it"),
        device("/dev/kvm", gain: "a part of the kernel with many faults"),
        device("/dev/fuse", gain: "file systems of its own"),
        device("/dev/net/tun", gain: "network devices of its own"),
        device("/dev/vsock", gain: "Lima's agent and the host"),
        device("/dev/loop-control", gain: "file systems of its own"),
    ]

    #if arch(x86_64)
    private static let otherABIs = [
        Attack(
            "a call in the 32-bit numbering",
            gain: "every call, past a filter that knows one numbering",
            held: ["SIGSYS": .filter]
        ) { _ in .of { dvm_attack_int80() } },
        Attack(
            "a call in the numbering of x32",
            gain: "every call, past a filter that knows one numbering",
            held: ["SIGSYS": .filter]
        ) { _ in .of { dvm_attack_x32() } },
        Attack("modify_ldt", gain: "a part of the kernel with many faults", held: filtered) { _ in
            .call(dvm_call_modify_ldt, 0, 0, 0)
        },
        Attack("iopl", gain: "the machine's devices", held: filtered, control: .root) { _ in .call(dvm_call_iopl, 3) },
        Attack("ioperm", gain: "the machine's devices", held: filtered, control: .root) { _ in
            .call(dvm_call_ioperm, 0x80, 1, 1)
        },
    ]
    #else
    private static let otherABIs: [Attack] = []
    #endif
}
