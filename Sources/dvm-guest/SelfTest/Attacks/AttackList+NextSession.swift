internal import CLinux
internal import Glibc

/// Things left for the sessions that follow, or running when the session has ended.
extension AttackList {
    static let nextSession = AttackSubject(
        name: "what a session leaves",
        attacks: [
            (".bashrc", "every shell"), (".profile", "every login"), (".bash_profile", "every login"),
            (".local/bin/git", "whoever says git"), (".gitconfig", "git"), (".config/git/config", "git"),
            (".ssh/config", "ssh"), (".npmrc", "npm"), (".config/autostart/x.desktop", "a desktop"),
        ].map { path, whom in
            Attack(
                "~/\(path) for the next session",
                gain: "a program, run there by \(whom)",
                trace: Attack.Trace(place: .nextSession, layer: .sessionEnd) {
                    .finds($0.marker, in: "\($0.home)/\(path)")
                }
            ) { ground in .plants("\(ground.home)/\(path)", "# \(ground.marker)") }
        } + [
            Attack("a key to sign in with", gain: "a login without the sandbox", control: .root) { ground in
                .writes("\(AgentAccount.homes)/.ssh-\(ground.marker)", ground.marker)
                    .then { .of { unsafe unlink("\(AgentAccount.homes)/.ssh-\(ground.marker)") } }
            },
            temporary("/tmp"), temporary("/var/tmp"), temporary("/dev/shm"),
            Attack(
                "shared memory for the next session",
                gain: "a way for sessions to talk",
                held: ["ENOENT": .interprocess],
                trace: Attack.Trace(place: .nextSession, layer: .interprocess) { ground in
                    .of { dvm_attack_shared_memory(ground.memoryKey, 0) }
                }
            ) { ground in .of { dvm_attack_shared_memory(ground.memoryKey, 1) } },
            Attack(
                "a process that outlives the session",
                gain: "everything the session had, without an end",
                trace: Attack.Trace(place: .outside, layer: .processes) { ground in
                    RunningProcess.all().contains { $0.arguments.contains(lasting(ground)) }
                        ? .worked("it runs") : .refused("not there")
                }
            ) { ground in .leaves(["/bin/sh", "-c", "sleep 100; :", lasting(ground)]) },
        ]
    )

    private static func temporary(_ directory: String) -> Attack {
        Attack(
            "\(directory) for the next session",
            gain: "a way for sessions to talk, and files others trust",
            trace: Attack.Trace(place: .nextSession, layer: .sessionEnd) { ground in
                .finds(ground.marker, in: "\(directory)/dvm-selftest-\(ground.marker)")
            }
        ) { ground in .writes("\(directory)/dvm-selftest-\(ground.marker)", ground.marker) }
    }

    /// The argument by which the process that was left is found, and ended.
    static func lasting(_ ground: AttackGround) -> String { "dvm-selftest-\(ground.marker)" }
}
