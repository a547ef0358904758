/// A way of an agent to have the developer's git run something.
struct GitAttack: Sendable, CustomStringConvertible {
    var description: String
    /// What the developer has before, beside a repository with a commit.
    var before = ""
    /// What the agent does, in the project.
    var plant: String
    /// What the developer does afterwards, harmless as it looks.
    var trigger = "git status"
    /// Whether it is stopped while the session lives, or only taken back at its end.
    var stoppedAtOnce = true
    /// Whether a person is told; there is nothing to tell of what did not work.
    var isReported: Bool { !stoppedAtOnce }

    static let all: [Self] = [
        Self(
            description: "a pipe among the included files, which is to hold the review up",
            before: "git config extensions.worktreeConfig true",
            plant:
                "payload monitor; mkfifo pipe; printf '[include]\\npath = /proc/self/fd/0/pipe\\n[core]\\nfsmonitor = "
                + "./monitor\\n' > .git/config.worktree",
            stoppedAtOnce: false
        ),
        Self(
            description: "a setting behind more than anybody reads",
            before: "git config extensions.worktreeConfig true",
            plant: "payload monitor; { printf '#'; head -c 1100000 /dev/zero | tr '\\0' x; "
                + "printf '\\n[core]\\nfsmonitor = ./monitor\\n'; } > .git/config.worktree",
            stoppedAtOnce: false
        ),
        Self(
            description: "a hook in a directory that cannot be listed",
            plant: "git init -q sub; mkdir -p sub/.git/hooks; payload sub/.git/hooks/post-index-change; "
                + "chmod 0311 sub/.git/hooks",
            trigger: "cd sub; touch new; git add new",
            stoppedAtOnce: false
        ),
        Self(
            description: "a repository that nothing can be renamed in",
            plant: "payload monitor; git init -q sub; git -C sub config core.fsmonitor ../monitor; chmod 0555 sub/.git",
            trigger: "git -C sub status",
            stoppedAtOnce: false
        ),
        Self(
            description: "a repository in a directory that is closed until somebody wonders why",
            plant: "payload monitor; git init -q d/sub; git -C d/sub config core.fsmonitor ../../monitor; chmod 0 d",
            trigger: "chmod 755 d; git -C d/sub status",
            stoppedAtOnce: false
        ),
        Self(
            description: "a repository of a submodule among ones that cannot be listed",
            plant: "payload monitor; git init -q .git/modules/deep/sub; mkdir sub; "
                + "git -C .git/modules/deep/sub config core.fsmonitor $PWD/monitor; chmod 0311 .git/modules/deep .git/modules",
            trigger: "GIT_DIR=.git/modules/deep/sub/.git git status",
            stoppedAtOnce: false
        ),
        Self(
            description: "a hook in a repository that was closed",
            plant: "payload .git/commondir; payload monitor; git init -q .git/c; git -C .git/c config core.fsmonitor "
                + "$PWD/monitor; cp .git/HEAD .git/c/.git/; printf 'c/.git' > .git/commondir; chmod 0 .git",
            trigger: "chmod 755 .git; git status",
            stoppedAtOnce: false
        ),
        Self(
            description: "work files of a nested repository in the developer's home",
            plant: "git init -q sub; cd sub; echo x > proof; git add proof; "
                + "git -c user.name=a -c user.email=a@x commit -qm x; git config core.worktree ../../../..",
            trigger: "cd sub; git reset -q --hard",
            stoppedAtOnce: false
        ),
        Self(
            description: "a hook",
            plant: "payload .git/hooks/post-commit",
            trigger: "git commit -q --allow-empty -m x"
        ),
        Self(
            description: "core.fsmonitor in the configuration",
            plant: "payload monitor; git config core.fsmonitor ./monitor"
        ),
        Self(
            description: "a filter in the configuration",
            plant:
                "payload monitor; git config filter.f.clean ./monitor; echo '* filter=f' > .gitattributes; touch file",
            trigger: "echo more >> file; git add file"
        ),
        Self(
            description: "the configuration, by a name of its own put over it",
            plant: "payload monitor; cp .git/config c; git config -f c core.fsmonitor ./monitor; mv -f c .git/config"
        ),
        Self(
            description: "another .git in the place of the one that is protected",
            plant: "payload monitor; mv .git old && cp -r old .git && git config core.fsmonitor ./monitor"
        ),
        Self(
            description: "an existing configuration of a work tree",
            before: "git config extensions.worktreeConfig true; git config --worktree user.name w",
            plant: "payload monitor; git config --worktree core.fsmonitor ./monitor"
        ),
        Self(
            description: "hooks the configuration has elsewhere",
            before: "mkdir -p tools/hooks; printf '#!/bin/sh\\n' > tools/hooks/post-commit; chmod +x tools/hooks/*; "
                + "git config core.hooksPath tools/hooks",
            plant:
                "payload tools/hooks/post-commit; payload tools/hooks/pre-commit; payload p; mv -f p tools/hooks/post-commit",
            trigger: "git commit -q --allow-empty -m x"
        ),
        Self(
            description: "the directory above hooks the configuration has elsewhere",
            before: "mkdir -p tools/hooks; git config core.hooksPath tools/hooks",
            plant: "mv tools t; mkdir -p tools/hooks; payload tools/hooks/post-commit",
            trigger: "git commit -q --allow-empty -m x"
        ),
        Self(
            description: "hooks the person's own configuration has in the project",
            before: "mkdir .githooks2; git config --global core.hooksPath .githooks2",
            plant: "payload .githooks2/post-commit",
            trigger: "git commit -q --allow-empty -m x"
        ),
        Self(
            description: "a file the configuration includes",
            before: "touch shared.config; git config include.path ../shared.config",
            plant: "payload monitor; git config -f shared.config core.fsmonitor ./monitor"
        ),
        Self(
            description: "a program the configuration names",
            before: "mkdir bin; printf '#!/bin/sh\\n' > bin/monitor; chmod +x bin/monitor; "
                + "git config core.fsmonitor ./bin/monitor",
            plant: "payload bin/monitor; payload m; mv -f m bin/monitor"
        ),
        Self(
            description: "commondir of a work tree that was there",
            before: "git worktree add -q ../tree -b tree",
            plant: "cp -r .git evil; payload evil/monitor; cd evil; git config -f config core.fsmonitor "
                + "$(pwd -P | sed s,/workspace,..,)/monitor; cd ..; echo ../../../evil > .git/worktrees/tree/commondir",
            trigger: "sed -i 's,[^ ]*/monitor,'$PWD/evil/monitor, evil/config; cd ../tree; git status"
        ),
        Self(
            description: "the configuration of a submodule",
            before: """
                git init -q ../sub; git -C ../sub commit -q --allow-empty -m s
                git -c protocol.file.allow=always submodule add -q ../sub sub; git commit -qm sub
                """,
            plant: "payload monitor; git -C sub config core.fsmonitor ../monitor"
        ),
        Self(
            description: "the configuration of a repository in the project",
            before: "mkdir -p a/b; git init -q a/b",
            plant: "payload monitor; git -C a/b config core.fsmonitor ../../monitor",
            trigger: "cd a/b; git status"
        ),
        Self(
            description: "another repository in the place of one in the project",
            before: "mkdir -p a/b; git init -q a/b",
            plant: "payload monitor; mv a c; cp -r c a; git -C a/b config core.fsmonitor ../../monitor",
            trigger: "cd a/b; git status"
        ),
        Self(
            description: "commondir",
            plant: """
                cp -r .git evil; payload monitor; git config -f evil/config core.fsmonitor ./monitor
                echo ../evil > .git/commondir
                """,
            stoppedAtOnce: false
        ),
        Self(
            description: "a new configuration of the work tree",
            before: "git config extensions.worktreeConfig true",
            plant: "payload monitor; git config --worktree core.fsmonitor ./monitor",
            stoppedAtOnce: false
        ),
        Self(
            description: "a new repository",
            plant: "payload monitor; git init -q new; git -C new config core.fsmonitor ../monitor",
            trigger: "cd new; git status",
            stoppedAtOnce: false
        ),
        Self(
            description: "a new repository deep down, behind a directory nobody can list",
            plant: "payload monitor; mkdir -p a/b/c/d/e; git init -q a/b/c/d/e; "
                + "git -C a/b/c/d/e config core.fsmonitor ../../../../../monitor",
            trigger: "cd a/b/c/d/e; git status",
            stoppedAtOnce: false
        ),
        Self(
            description: "a hook in a new repository",
            plant: "git init -q new; payload new/.git/hooks/post-commit",
            trigger: "cd new; git commit -q --allow-empty -m x",
            stoppedAtOnce: false
        ),
        Self(
            description: "a gitlink",
            plant: """
                payload monitor; git init -q new; git -C new commit -q --allow-empty -m n; git add new
                git -C new config core.fsmonitor ../monitor
                """,
            stoppedAtOnce: false
        ),
        Self(
            description: "a gitlink behind a directory nobody can list",
            plant: """
                payload monitor; mkdir d; git init -q d/new; git -C d/new commit -q --allow-empty -m n; git add d/new
                git -C d/new config core.fsmonitor ../../monitor; chmod 311 d
                """,
            stoppedAtOnce: false
        ),
        Self(
            description: "a directory that looks like a repository without a work tree",
            plant: """
                payload monitor; git init -q --bare lib; git -C lib config core.bare false
                git -C lib config core.worktree .; git -C lib config core.fsmonitor ../monitor
                """,
            trigger: "cd lib; git status",
            stoppedAtOnce: false
        ),
        Self(
            description: "a .git that is a link",
            plant: """
                payload monitor; git init -q --bare lib; mkdir new; ln -s ../lib new/.git
                git -C lib config core.bare false; git -C lib config core.fsmonitor ../monitor
                """,
            trigger: "cd new; git status",
            stoppedAtOnce: false
        ),
        Self(
            description: "a .git that is a file",
            plant: """
                payload monitor; mkdir new; git init -q --bare .git/objects/lib; echo 'gitdir: ../.git/objects/lib' > new/.git
                git -C new config core.bare false; git -C new config core.fsmonitor ../monitor
                """,
            trigger: "cd new; git status",
            stoppedAtOnce: false
        ),
        Self(
            description: "hooks in a repository that had none",
            before: "rm -rf .git/hooks",
            plant: "mkdir .git/hooks; payload .git/hooks/post-commit",
            trigger: "git commit -q --allow-empty -m x",
            stoppedAtOnce: false
        ),
        Self(
            description: "attributes that choose a filter the person has",
            before: "git config --global filter.f.clean 'touch $HOME/proof; cat'",
            plant: "mkdir -p .git/info; echo '* filter=f' > .git/info/attributes",
            trigger: "echo more >> file; git add file",
            stoppedAtOnce: false
        ),
    ]
}
