internal import Glibc

/// Files of the project that other people's programs execute: what counts is what is left of them after the session.
extension AttackList {
    static let git = AttackSubject(
        name: "git",
        attacks: [
            planting(
                "a hook",
                ".git/hooks/pre-commit",
                hook,
                gain: "a program, run by the developer's next commit"
            ),
            planting(
                "a command in .git/config",
                ".git/config",
                command,
                gain: "a program, run by the developer's next git status"
            ),
            planting(".git/config.worktree", ".git/config.worktree", command, gain: "the same in another file"),
            planting(
                ".git/commondir",
                ".git/commondir",
                { "../\($0.marker)" },
                gain: "settings from a directory of the agent's, read by the next git status"
            ),
            planting(
                "a submodule's hook",
                ".git/modules/sub/hooks/post-checkout",
                hook,
                repository: ".git/modules/sub",
                gain: "a program, run by git in the submodule"
            ),
            planting(
                "a repository of its own in a directory",
                "nested/.git/config",
                command,
                repository: "nested/.git",
                gain: "a program, run by git as soon as the developer is in there"
            ),
            planting(
                "a repository without a work tree",
                "bare/config",
                command,
                repository: "bare",
                gain: "a program, run by git as soon as the developer is in there"
            ),
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
            planting("a command in \(path)", path, hook, gain: "a program, run as the developer by \(whom)")
        }
    )

    private static let projectHeld = ["EBUSY": Attack.Layer.mountPoint, "EACCES": .permissions]

    private static func trace(_ look: @escaping @Sendable (AttackGround) -> AttackAnswer) -> Attack.Trace {
        Attack.Trace(place: .outside, layer: .undone, look: look)
    }

    /// What a program to be run looks like, and what names one to git.
    private static func hook(_ ground: AttackGround) -> String { "#!/bin/sh\n# \(ground.marker)" }
    private static func command(_ ground: AttackGround) -> String {
        "[core]\n\tfsmonitor = /workspace/\(ground.marker)"
    }

    /// Leaves a text in a file, and where it is to be in a repository of its own, what makes one.
    private static func planting(
        _ name: String,
        _ path: String,
        _ text: @escaping @Sendable (AttackGround) -> String,
        repository: String? = nil,
        gain: String
    ) -> Attack {
        Attack(
            name,
            gain: gain,
            held: projectHeld,
            trace: trace { .finds($0.marker, in: "\($0.project)/\(path)") }
        ) { ground in
            if let repository {
                let top = "\(ground.project)/\(repository)"
                for file in ["objects/info/packs", "refs/heads/none"] { _ = AttackAnswer.plants("\(top)/\(file)", "") }
                _ = AttackAnswer.writes("\(top)/HEAD", "ref: refs/heads/main")
            }
            return .plants("\(ground.project)/\(path)", text(ground))
        }
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
