internal import CLinux
internal import Glibc

/// Mounts: what is covered comes to light when a mount is taken away, and what is trusted is replaced by one.
extension AttackList {
    static let mounts = AttackSubject(name: "mounts", attacks: olderMounts + newerMounts)

    private static let held = ["EPERM": Attack.Layer.filter, "ENOSYS": .filter]

    private static let olderMounts = [
        Attack(
            "mount",
            gain: "other files over those that are trusted",
            held: held,
            control: .root,
            permitted: nesting
        ) { _ in .call(dvm_call_mount, "none", "/tmp", "tmpfs", 0, 0) },
        Attack(
            "make a read-only mount writable",
            gain: "the system's files, changed",
            held: held,
            control: .root,
            permitted: nesting
        ) { _ in
            // MS_REMOUNT and MS_BIND.
            .call(dvm_call_mount, "none", "/", 0, 0x1020, 0)
        },
        Attack(
            "take a mount away",
            gain: "what it covers",
            held: held,
            control: .root,
            permitted: nesting
        ) { _ in
            // MNT_DETACH: also while it is used.
            .call(dvm_call_umount2, "/proc", 2)
        },
        Attack(
            "pivot_root",
            gain: "another root directory",
            held: held,
            control: .leftOut("would take the root directory from the processes of this VM"),
            permitted: nesting
        ) { _ in .call(dvm_call_pivot_root, "/tmp", "/tmp") },
        Attack(
            "chroot",
            gain: "a root directory with files of its choice for setuid programs",
            held: held,
            control: .root,
            permitted: nesting
        ) { _ in .call(dvm_call_chroot, "/tmp") },
    ]

    /// The calls of Linux 5.2 and later, which a filter for the older ones would let pass (CVE-2021-41133).
    private static let newerMounts = [
        Attack("fsopen", gain: "a file system to mount", held: held, control: .root, permitted: nesting) { _ in
            .call(dvm_call_fsopen, "tmpfs", 1)
        },
        Attack("fspick", gain: "a mounted file system, reconfigured", held: held, control: .root, permitted: nesting) {
            _ in .call(dvm_call_fspick, -100, "/tmp", 1, reaching: ["EINVAL"])
        },
        Attack("open_tree", gain: "a copy of a mount", held: held, control: .root, permitted: nesting) { _ in
            .call(dvm_call_open_tree, -100, "/tmp", 1)
        },
        Attack("move_mount", gain: "a mount in another place", held: held, control: .root, permitted: nesting) { _ in
            .call(dvm_call_move_mount, -1, "x", -1, "x", 0, reaching: ["EBADF"])
        },
        Attack("mount_setattr", gain: "a writable mount", held: held, control: .root, permitted: nesting) { _ in
            .call(
                dvm_call_mount_setattr,
                -1,
                "x",
                0,
                "................................",
                32,
                reaching: ["EBADF", "EINVAL"]
            )
        },
        Attack(
            "open_tree_attr",
            gain: "a writable copy of a mount, in one call",
            held: held,
            control: .root,
            permitted: nesting
        ) { _ in
            .call(
                dvm_call_open_tree_attr,
                -1,
                "x",
                1,
                "................................",
                32,
                reaching: ["EBADF", "EINVAL"]
            )
        },
    ]
}
