internal import Glibc

/// Files of the project that other people's programs execute: what counts is what is left of them after the session.
extension AttackList {
    static let git = AttackSubject(
        name: "git",
        attacks: [
            planting("a hook", ".git/hooks/pre-commit", gain: "a program, run by the developer's next commit"),
            planting(
                "a command in .git/config",
                ".git/config",
                gain: "a program, run by the developer's next git status"
            ),
            planting(".git/config.worktree", ".git/config.worktree", gain: "the same in another file"),
            planting(
                ".git/commondir",
                ".git/commondir",
                gain: "settings from a directory of the agent's, read by the next git status"
            ),
            planting(".git/info/attributes", ".git/info/attributes", gain: "filters, run by the next git add"),
            planting("a submodule's hook", ".git/modules/sub/hooks/post-checkout", gain: "a program, run by git"),
            Attack(
                "put another .git in the place of the project's",
                gain: "all of the above at once",
                held: projectHeld,
                isAlone: true
            ) { ground in
                let moved = "\(ground.project)/.git-\(getpid())"
                let answer = AttackAnswer.renames("\(ground.project)/.git", moved)
                // Back, for the attacks whose effect is looked for in it.
                unsafe rename(moved, "\(ground.project)/.git")
                return answer
            },
            Attack(
                "put other hooks in the place of the project's",
                gain: "a program, run by the developer's next commit",
                held: projectHeld,
                isAlone: true,
                trace: trace { .finds($0.marker, in: "\($0.project)/.git/hooks/post-commit") }
            ) { ground in
                let hooks = "\(ground.project)/.git/hooks"
                return .renames(hooks, "\(hooks)-\(getpid())").then { .plants("\(hooks)/post-commit", ground.marker) }
                    // What the attack above has left there, if it could.
                    .then { .plants("\(hooks)/pre-commit", ground.marker) }
            },
        ]
    )

    static let projectFiles = AttackSubject(
        name: "files other people's programs run",
        attacks: [
            (".envrc", "direnv, on entering the directory"), (".vscode/tasks.json", "an editor, on opening it"),
            (".idea/workspace.xml", "an editor, on opening it"), (".mcp.json", "AI tools outside the sandbox"),
            (".claude/settings.json", "Claude Code outside the sandbox"), (".husky/pre-commit", "git, as a hook"),
            (".devcontainer/devcontainer.json", "an editor, on opening it"),
        ].map { path, whom in
            planting("a command in \(path)", path, gain: "a program, run as the developer by \(whom)")
        }
    )

    private static let projectHeld = ["EBUSY": Attack.Layer.mountPoint, "EACCES": .permissions]

    private static func trace(_ look: @escaping @Sendable (AttackGround) -> AttackAnswer) -> Attack.Trace {
        Attack.Trace(place: .outside, layer: .undone, look: look)
    }

    private static func planting(_ name: String, _ path: String, gain: String) -> Attack {
        Attack(
            name,
            gain: gain,
            held: projectHeld,
            trace: trace { .finds($0.marker, in: "\($0.project)/\(path)") }
        ) { ground in .plants("\(ground.project)/\(path)", "# \(ground.marker)") }
    }

    /// Ways out of the directory the session may change.
    static let directories = AttackSubject(
        name: "directories",
        attacks: [
            Attack("climb out of the project", gain: "the VM's files") {
                .reads("\($0.project)/../../../../../../..\($0.canary)")
            },
            Attack("climb out of /proc/self/root", gain: "the VM's files") { .reads("/proc/self/root\($0.canary)") },
            Attack("climb out of its working directory", gain: "the VM's files") {
                .reads("/proc/self/cwd/../../../../../..\($0.canary)")
            },
            Attack("leave by a link to a directory", gain: "the VM's files") { ground in
                let link = "\(ground.project)/directory-\(getpid())"
                return .of { unsafe symlink(ground.directory, link) }.then { .reads("\(link)/canary") }
            },
            writing("beside the project", "/workspace/../dvm-selftest"), writing("to /usr", "/usr/bin/dvm-selftest"),
            writing("to /etc", "/etc/dvm-selftest"),
            writing("over its own launcher", "/run/dvm/guest"), writing("to the loader", "/etc/ld.so.preload"),
            writing("to /var", "/var/dvm-selftest"),
        ]
    )

    private static func writing(_ name: String, _ path: String) -> Attack {
        Attack(
            "write \(name)",
            gain: "files that others trust",
            control: .leftOut("would change the VM")
        ) { _ in .writes(path, "dvm-selftest") }
    }
}
