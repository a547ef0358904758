internal import CLinux
internal import Glibc

/// Ways to become somebody else.
extension AttackList {
    static let privileges = AttackSubject(
        name: "privileges",
        attacks: programs + identities + marks
    )

    private static let programs = [
        running("sudo", ["sudo", "-n", "true"]), running("su", ["su", "-c", "true"]),
        running("pkexec", ["pkexec", "true"]), running("newuidmap", ["newuidmap", "1", "0", "0", "1"]),
        running("mount as a user", ["mount", "/mnt"]), running("setpriv", ["setpriv", "--reuid", "0", "true"]),
    ]

    private static func running(_ name: String, _ words: [String]) -> Attack {
        Attack(
            name,
            gain: "root's rights",
            held: ["status 1": .newPrivileges, "status 127": .newPrivileges, "status 32": .newPrivileges]
        ) { _ in .program(words) }
    }

    private static let identities = [
        Attack("become root", gain: "root's rights", held: identityHeld, control: .root) { _ in
            .call(dvm_call_setuid, 0)
        },
        Attack("become the developer", gain: "the developer's files", held: identityHeld, control: .root) { ground in
            .call(dvm_call_setuid, .number(UInt64(ground.developer)))
        },
        Attack("join a group", gain: "the group's files", held: identityHeld, control: .root) { _ in
            .call(dvm_call_setgroups, 0, 0)
        },
        Attack("take a capability", gain: "root's rights", held: identityHeld, control: .root) { _ in
            .of { dvm_attack_raise_capabilities() }
        },
        Attack("run before others", gain: "the VM's processors", held: identityHeld, control: .root) { _ in
            .call(dvm_call_setpriority, 0, 0, -20)
        },
    ]
    private static let identityHeld = [
        "EPERM": Attack.Layer.capabilities, "EINVAL": .users, "EACCES": .capabilities,
    ]

    private static let marked = ["EPERM": Attack.Layer.filter, "ENOSYS": .filter, "taken back": .permissions]

    /// Programs with rights of their own, left for whoever runs them outside.
    private static let marks = [
        Attack("mark a program setuid", gain: "its owner's rights, to whoever runs it", held: marked) { _ in
            .withFile { path in .of { unsafe chmod(path, 0o4755) } }
        },
        Attack("mark a program setgid", gain: "its group's rights, to whoever runs it", held: marked) { ground in
            // In the project, where its group may be the developer's; the kernel takes the mark from others' groups.
            .withFile(in: ground.project) { path in
                var status = stat()
                return .of { unsafe chmod(path, 0o2755) }.then {
                    unsafe lstat(path, &status) == 0 && status.st_mode & S_ISGID != 0
                        ? .worked("") : .refused("taken back")
                }
            }
        },
        Attack("mark a program setuid by fchmodat2", gain: "its owner's rights, to whoever runs it", held: marked) {
            _ in
            .withFile { .call(dvm_call_fchmodat2, -100, .text($0), 0o4755, 0) }
        },
        Attack("make a setuid program", gain: "its owner's rights, to whoever runs it", held: marked) { _ in
            .withFile { path in
                defer { unsafe unlink(path + "-2") }
                return .of { unsafe dvm_try_create(path + "-2", 0o4755) }
            }
        },
        Attack(
            "give a program capabilities",
            gain: "root's rights, to whoever runs it",
            held: ["EPERM": .capabilities],
            control: .root
        ) { _ in .withFile { path in .of { unsafe dvm_attack_file_capability(path) } } },
        Attack(
            "give a file to root",
            gain: "a file that is trusted",
            held: ["EPERM": .capabilities, "EINVAL": .users],
            control: .root
        ) { _ in .withFile { .call(dvm_call_fchownat, -100, .text($0), 0, 0, 0) } },
        Attack(
            "make a device",
            gain: "the VM's disk, every file on it",
            held: ["EPERM": .capabilities],
            control: .root
        ) { _ in
            // The null device (1, 3), which gives nothing away where it can be made.
            .withFile { path in
                defer { unsafe unlink(path + "-3") }
                return .call(dvm_call_mknodat, -100, .text(path + "-3"), 0o20600, 0x103)
            }
        },
    ]
}
