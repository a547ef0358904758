internal import Glibc

/// Files that are not the agent's to read.
extension AttackList {
    static let secrets = AttackSubject(name: "secrets", attacks: outside + inProject)

    private static let outside = [
        Attack("the developer's files", gain: "keys", control: .root) { .reads($0.secret) },
        Attack(
            "the developer's home",
            gain: "names of files, and what is not closed by itself",
            held: ["not there": .view],
            control: .root
        ) { ground in
            // The home's name leads to the project, where that is below it; what matters is what is in there.
            .opens(ground.developerHome, O_RDONLY | O_DIRECTORY).then { .exists(ground.secret) }
        },
        Attack("the developer's files by a link in the project", gain: "keys", control: .root) { ground in
            let link = "\(ground.project)/link-\(getpid())"
            return .of { unsafe symlink(ground.secret, link) }.then { .reads(link) }
        },
        Attack(
            "the developer's files by a hard link in the project",
            gain: "keys, also after they were closed",
            control: .root
        ) { ground in
            let link = "\(ground.developerHome)/.dvm-selftest-link-\(ground.marker)"
            defer { unsafe unlink(link) }
            return .links(ground.secret, link).then { .reads(link) }
        },
        Attack("a readable file of root's outside", gain: "what nobody thought of closing") { .reads($0.canary) },
        Attack("another tool's home", gain: "its sign-in") { .reads($0.otherToken) },
        reading("/etc/shadow", gain: "passwords"), reading("/etc/gshadow", gain: "passwords"),
        reading("/etc/sudoers", gain: "who may become root"),
        reading("/etc/machine-id", gain: "a name that follows the VM"),
        reading("/etc/ssh/ssh_host_ed25519_key", gain: "the VM, impersonated"),
        reading("/var/lib/dvm/settings.json", gain: "how the VM is protected"),
        reading("/var/log/dpkg.log", "/var/log/dnf5.log", "/var/log/wtmp", gain: "what happens in the VM"),
        Attack("list /root", gain: "root's files", control: .root) { _ in .opens("/root", O_RDONLY | O_DIRECTORY) },
        Attack("list /mnt/lima-cidata", gain: "the VM's first keys and settings", control: .root) { _ in
            .opens("/mnt/lima-cidata", O_RDONLY | O_DIRECTORY)
        },
    ]

    private static func reading(_ paths: String..., gain: String) -> Attack {
        Attack("read \(paths[0])", gain: gain, control: .root) { _ in .any(of: paths) { .reads($0) } }
    }

    private static let held = [
        "EACCES": Attack.Layer.mountPoint, "empty": .mountPoint, "EBUSY": .mountPoint, "EXDEV": .mountPoint,
        "EPERM": .mountPoint, "EROFS": .mountPoint,
    ]

    private static let inProject =
        [".env", "deploy/id_ed25519", ".netrc"].map { name in
            Attack(
                "a secret in the project: \(name)",
                gain: "a key that the project has and the agent does not need",
                held: held,
                permitted: shownSecrets
            ) { .reads("\($0.project)/\(name)") }
        } + [
            Attack(
                "a secret in the project, moved first",
                gain: "the same past what covers its name",
                held: held,
                permitted: shownSecrets
            ) { ground in
                let moved = "\(ground.project)/moved-\(getpid())"
                return .renames("\(ground.project)/.env.local", moved).then { .reads(moved) }
            },
            Attack(
                "a secret in the project, by a hard link",
                gain: "the same past what covers its name",
                held: held,
                permitted: shownSecrets
            ) { ground in
                let linked = "\(ground.project)/linked-\(getpid())"
                return .links("\(ground.project)/.env", linked).then { .reads(linked) }
            },
        ]
}
