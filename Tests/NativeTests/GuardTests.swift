import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// The attacks on the developer's git, with real git: each works without the guard.
@Suite struct `A guarded project` {
    @Test(arguments: GitAttack.all)
    func `gives the developer's git nothing to run`(attack: GitAttack) throws {
        let stage = try GuardStage()
        try stage.developer(attack.before)
        let notes = try stage.session {
            let outcome = try stage.agent(attack.plant)
            #expect(outcome.opened, "\(outcome)")
            guard attack.stoppedAtOnce else { return }
            try stage.developer(attack.trigger)
            #expect(!stage.isProven, "while the session lives: \(outcome.output)")
        }
        let output = try stage.developer(attack.trigger)
        #expect(!stage.isProven, "\(output) \(notes)")
        if attack.isReported { #expect(notes.contains { $0.weight == .warning }, "\(notes)") }
    }

    @Test(arguments: GitAttack.all)
    func `is needed: without it the same works`(attack: GitAttack) throws {
        let stage = try GuardStage()
        try stage.developer(attack.before)
        // On the project's mount the agent's files are the developer's: what is missing here is the guard alone.
        let planted = try stage.developer(attack.plant)
        _ = unsafe unlink(stage.proof)
        let output = try stage.developer(attack.trigger)
        #expect(stage.isProven, "\(planted)\(output)")
    }

    // MARK: Sessions beside each other

    /// What a session can plant again after it was taken back from another one.
    private static let repeated = GitAttack.all.filter {
        [
            "commondir", "a new configuration of the work tree", "a new repository", "a gitlink",
            "a .git that is a link", "attributes that choose a filter the person has",
            "a directory that looks like a repository without a work tree",
        ].contains($0.description)
    }

    @Test(arguments: repeated)
    func `is compared with what was there before the oldest session`(attack: GitAttack) throws {
        let stage = try GuardStage()
        let beside = GuardStage(beside: stage)
        try stage.developer(attack.before)
        let (early, late) = try GuardStage.supervised {
            let oldest = try stage.begin()
            try stage.agent(attack.plant)
            let other = try beside.begin()
            let early = oldest.end()
            let outcome = try beside.agent(attack.plant)
            #expect(outcome.opened, "\(outcome)")
            return (early, other.end())
        }
        let output = try stage.developer(attack.trigger)
        #expect(!stage.isProven, "\(output) \(late)")
        for notes in [early, late] { #expect(notes.contains { $0.weight == .warning }, "\(notes)") }
        let text = "git's files were compared with what was there before session \(stage.session), which was beside it"
        #expect(late.contains(SessionNote(.notice, text)) && !early.contains(SessionNote(.notice, text)))
    }

    @Test func `is not given back what another session planted in the place of something worse`() throws {
        let stage = try GuardStage()
        let beside = GuardStage(beside: stage)
        try stage.developer("git config extensions.worktreeConfig true")
        let notes = try GuardStage.supervised {
            let oldest = try stage.begin()
            try stage.agent("payload monitor; git config --worktree core.fsmonitor ./monitor")
            let other = try beside.begin()
            _ = oldest.end()
            try beside.agent("git config --worktree core.fsmonitor ./other")
            return other.end()
        }
        try stage.developer("git status")
        #expect(!stage.isProven)
        #expect(!stage.exists(".git/config.worktree"), "\(notes)")
        #expect(!notes.contains { $0.text.contains("there again") })
    }

    @Test func `is compared so along a whole chain of sessions, in any mode`() throws {
        let stage = try GuardStage()
        let (second, third) = (GuardStage(beside: stage, .readOnly), GuardStage(beside: stage, .shadow))
        let plant = "payload monitor; git init -q new; git -C new config core.fsmonitor ../monitor"
        let notes = try GuardStage.supervised {
            let oldest = try stage.begin()
            try stage.agent(plant)
            let middle = try second.begin()
            let kept = try PendingReview.read(second.session)
            #expect(kept?.before.repositories == [TreePath(".git")])
            _ = oldest.end()
            let newest = try third.begin()
            #expect(try PendingReview.read(third.session)?.earlier?.session == stage.session)
            _ = middle.end()
            try third.agent(plant)
            return newest.end()
        }
        try stage.developer("git -C new status")
        #expect(!stage.isProven, "\(notes)")
        // Nothing is left of the chain: what is there now is what was there before.
        let alone = GuardStage(beside: stage)
        _ = try alone.session {
            let kept = try PendingReview.read(alone.session)
            #expect(kept?.earlier == nil)
        }
    }

    /// Where nobody looks for repositories, git neither; a later session brings them to where somebody is.
    @Test(arguments: [
        ("mkdir .git/c; git init -q .git/c; C=.git/c", "mv .git/c sub"),
        ("git init -q .git/objects/c; C=.git/objects/c", "mkdir sub; echo 'gitdir: ../.git/objects/c/.git' > sub/.git"),
        (
            "mkdir sub; git init -q .git/c.git --bare; C=.git/c.git; git -C $C config core.bare false",
            "echo 'gitdir: ../.git/c.git' > sub/.git"
        ),
        ("git init -q x; git init -q x/.git/c; C=x/.git/c", "mv x/.git/c sub; rm -rf x"),
    ])
    func `has no repository kept in git's own directories for the next session`(hide: String, bring: String) throws {
        let stage = try GuardStage()
        let attack = "payload monitor; \(hide); git -C $C config core.fsmonitor ../monitor"
        let notes = try stage.session { try stage.agent(attack) }
        #expect(notes.contains { $0.weight == .warning && $0.text.contains("could have made git run") }, "\(notes)")
        let next = GuardStage(beside: stage)
        _ = try next.session { try next.agent(bring) }
        #expect(stage.exists("sub"))
        let output = try stage.developer("cd sub; git status")
        #expect(!stage.isProven, "\(output)")

        // The control: with nobody looking in between, it works.
        let alone = try GuardStage()
        try alone.developer("\(attack); \(bring); cd sub; git status")
        #expect(alone.isProven)
    }

    @Test func `has only what changed meanwhile counted for each of them`() throws {
        let stage = try GuardStage()
        let beside = GuardStage(beside: stage)
        let notes = try GuardStage.supervised {
            let oldest = try stage.begin()
            try stage.agent("touch a b c; echo x > .envrc")
            usleep(50_000)
            let other = try beside.begin()
            try beside.agent("touch d")
            return [oldest.end(), other.end()]
        }
        #expect(notes[0].last == SessionNote(.notice, "files changed in the project: 5"))
        #expect(notes[1] == [SessionNote(.notice, "files changed in the project: 1")])
    }

    @Test func `is not shared with a session in a directory of it`() throws {
        let stage = try GuardStage()
        try stage.developer("mkdir sub")
        let beside = GuardStage(beside: stage)
        var inner = beside.agent
        inner.project += "/sub"
        try GuardStage.supervised {
            let oldest = try stage.begin()
            let refusal = #expect(throws: Refusal.self) {
                _ = try ProjectGuard.make(at: SessionSite(of: inner, in: beside.group))
            }
            let message = refusal?.message ?? "none"
            #expect(message.hasPrefix("session \(stage.session) in \(stage.stage.project) has not ended, and"))
            #expect(message.hasSuffix("and \(inner.project) is inside it or around it"), "\(message)")
            _ = oldest.end()
            // The control: alone it can be had.
            _ = try ProjectGuard.make(at: SessionSite(of: inner, in: beside.group)).end()
        }
    }

    @Test(arguments: [AgentPolicy.Git.guarded, .shadow])
    func `lets an agent work with git`(mode: AgentPolicy.Git) throws {
        let stage = try GuardStage(mode)
        let script = """
            set -e; git status --short; echo two > file; git commit -qam two; git checkout -q -b side
            echo three > file; git stash -q; git stash pop -q; git commit -qam three; git checkout -q main
            git merge -q side; git tag v1; git worktree add -q tree -b tree; cd tree; echo four > four; git add four
            git commit -qm four; cd ..; git worktree remove tree; git clone -q . copy; git -C copy log --oneline | wc -l
            git rebase -q side tree; git gc -q; git fsck --no-dangling; git log --oneline | wc -l
            """
        var outcome: SandboxRun.Outcome?
        let notes = try stage.session { outcome = try stage.agent(script) }
        #expect(outcome?.exit == .exited(0), "\(outcome?.output ?? "")")
        #expect(outcome?.output == "3\n4\n")
        #expect(notes.filter { $0.weight == .warning } == [], "ordinary work is not reported")
        let after = try stage.developer(
            "git fsck --no-dangling; git -C copy fsck --no-dangling; git -C copy status --short"
        )
        #expect(after == "")
    }

    @Test func `keeps its files where they are for the agent`() throws {
        let stage = try GuardStage()
        try stage.developer("echo X=1 > .envrc; mkdir -p .vscode .claude/hooks; echo {} > .claude/settings.json")
        let outcome = try stage.agent(
            """
            echo x >> .envrc; rm .envrc; mv .envrc e; ln -f file .envrc; mv .vscode v; touch .vscode/tasks.json
            mv .claude c; echo x > .claude/settings.json; touch .claude/hooks/h; rm -rf .git/hooks; mv .git g
            touch .claude/free .git/free; cat .envrc
            """
        )
        #expect(outcome.output.hasSuffix("X=1\n"), "\(outcome)")
        #expect(
            try stage.developer("ls -A; ls .claude .vscode; cat .claude/settings.json") == """
                .claude
                .envrc
                .git
                .vscode
                file
                .claude:
                free
                hooks
                settings.json

                .vscode:
                {}

                """
        )
        #expect(stage.exists(".git/free"))
    }

    @Test func `has protected what the configuration names, and reports it when it appears`() throws {
        let stage = try GuardStage()
        stage.policy.protected = [try ProjectPath("tools/deploy"), try ProjectPath("later")]
        try stage.developer("mkdir tools; echo ok > tools/deploy")
        let notes = try stage.session { try stage.agent("echo evil > tools/deploy; echo evil > later; mv tools t") }
        #expect(stage.read("tools/deploy") == "ok\n")
        let text = "changed or new, and run or obeyed by programs of yours: later"
        #expect(notes.contains(SessionNote(.warning, text)), "\(notes)")
    }

    @Test func `has a whole .git read-only with ro`() throws {
        let stage = try GuardStage(.readOnly)
        let outcome = try stage.agent(
            "git status --short; echo x > file; git commit -qam x || echo no; touch .git/x || echo no"
        )
        #expect(outcome.output.hasSuffix("no\n"), "\(outcome)")
        #expect(try stage.developer("git log --oneline | wc -l; ls .git/x 2>/dev/null") == "1\n")
    }

    /// The stated limit, and what is left of it when the session is over.
    @Test func `loses its protection with a file the developer replaces, and gets it back at the end`() throws {
        let stage = try GuardStage()
        var spawn = stage.spawn
        spawn.words = [
            "/bin/sh", "-c",
            """
            printf '#!/bin/sh\ntouch "$HOME/proof"\n' > monitor; chmod +x monitor; touch ready
            until [ -e go ]; do sleep 0.05; done; git config core.fsmonitor ./monitor 2>&1 && echo changed
            """,
        ]
        let notes = try stage.session {
            let run = try SandboxRun(spawn)
            try stage.developer("until [ -e ready ]; do sleep 0.05; done; git config user.email new@x; touch go")
            #expect(try run.finish().output == "changed\n")
        }
        try stage.developer("git status")
        #expect(!stage.isProven)
        // Both are there to look at: what was, in its place, and what came of it.
        #expect(stage.read(".git/config")?.contains("d@x") == true)
        #expect(stage.read(".git/config.dvm-\(stage.session)")?.contains("new@x") == true)
        let text = """
            .git/config could have made git run a program, and is now .git/config.dvm-\(stage.session); what was there \
            before is there again
            """
        #expect(notes.contains(SessionNote(.warning, text)), "\(notes)")
    }

    @Test func `leaves harmless changes of the developer's alone`() throws {
        let stage = try GuardStage()
        let notes = try stage.session {
            try stage.developer("git config user.email new@x; git remote add origin https://example.org/x")
        }
        #expect(stage.read(".git/config")?.contains("new@x") == true)
        #expect(notes == [])
    }

    @Test func `has what changed and may run later reported, and nothing else`() throws {
        let stage = try GuardStage()
        try stage.developer("mkdir -p src .github/workflows node_modules/.bin; echo a > src/a; echo old > Makefile")
        let notes = try stage.session {
            try stage.agent(
                """
                echo b > src/b; echo x > package.json; echo x > .github/workflows/ci.yml; payload src/run
                payload node_modules/.bin/tool; ln -s ../../../.ssh src/keys; ln -s a src/near; ln -s /usr/bin/env e
                git update-index --assume-unchanged file; echo x > .envrc; mkdir .vscode; echo x > .vscode/tasks.json
                """
            )
        }
        #expect(
            notes.map { "\($0.weight) \($0.text)" } == [
                "warning git was told not to show changes of file",
                "warning changed or new, and run or obeyed by programs of yours: .envrc, .vscode/tasks.json",
                "warning new links lead out of the project: src/keys",
                "notice changed, and run when somebody builds, tests, commits or pushes: "
                    + ".github/workflows/ci.yml, package.json",
                "notice new or changed programs: src/run",
                "notice files changed in the project: 10, programs among them: 2",
            ]
        )
    }

    @Test func `has what programs run or obey reported wherever it is`() throws {
        let stage = try GuardStage()
        let obeyed = [
            "a/.vscode/tasks.json", "a/b/c/d/.idea/workspace.xml", "a/.devcontainer/x/y", "a/.claude/settings.json",
            "a/b/.mcp.json",
        ]
        let run = [
            ".yarnrc.yml", "Cargo.toml", "a/.cargo/config.toml", "a/vite.config.js", "flake.nix", "meson.build",
        ]
        let quiet = ["a/readme", "a/Cargo.lock", "node_modules/x/.vscode/tasks.json", "node_modules/x/package.json"]
        let notes = try stage.session {
            let files = (obeyed + run + quiet).joined(separator: " ")
            try stage.agent("for f in \(files); do mkdir -p $(dirname $f); echo x > $f; done")
        }
        #expect(
            notes.map(\.text) == [
                "changed or new, and run or obeyed by programs of yours: " + obeyed.sorted().joined(separator: ", "),
                "changed, and run when somebody builds, tests, commits or pushes: " + run.joined(separator: ", "),
                "files changed in the project: 15",
            ]
        )
    }

    @Test func `has nothing protected that would not be reported`() {
        for path in ProtectedNames.top {
            #expect(RunsLater.kind(of: path) != nil || RunsLater.kind(of: path.appending("x")) != nil, "\(path)")
        }
    }

    @Test func `is told of what lies deeper than a path reaches, and of everything else`() throws {
        let stage = try GuardStage()
        let notes = try stage.session {
            try stage.agent(
                """
                echo x > package.json
                perl -e '$n = "d" x 250; for (1..20) { mkdir $n; chdir $n or die } mkdir ".git"; print -d ".git" ? "" : "no"'
                """
            )
        }
        #expect(notes.contains { $0.text.hasPrefix("could not be looked into: ddd") }, "\(notes)")
        #expect(notes.contains { $0.text.hasSuffix("commits or pushes: package.json") }, "\(notes)")
    }

    // MARK: More than can be looked at

    /// A review in this process, with less room.
    private func review(_ stage: GuardStage, most: Reviewer.Most, _ plant: String) throws -> Findings {
        let project = try PinnedDirectory(stage.stage.project, called: "the project")
        let tree = ProjectTree(top: project.descriptor.raw)
        let rules = Surveyor.Order(stage.agent)
        let started = ChangeClock().started
        let before = Inventory.take(tree, Inventory.Order(rules: rules))
        #expect(try stage.agent(plant).opened)
        let order = Reviewer.Order(rules: rules, before: before, started: started, gitStarted: started, suffix: ".s")
        let findings = Reviewer.review(tree, order, most: most)
        return withExtendedLifetime(project.path) { findings }
    }

    @Test(arguments: ["git init -q", "git init -q --bare"])
    func `has repositories beyond a number closed without a look`(make: String) throws {
        let stage = try GuardStage()
        let plant = """
            payload monitor; for n in 1 2 3 4 5; do \(make) r$n; git -C r$n config core.fsmonitor ../monitor
            git -C r$n config core.bare false; done
            """
        let trigger = "for n in 1 2 3 4 5; do (cd r$n; git --work-tree=. status); done"
        let findings = try review(stage, most: Reviewer.Most(repositories: 3), plant)
        try stage.developer(trigger)
        #expect(!stage.isProven)
        // The project's own counts, too.
        let closed = findings.aside.map(\.path).filter { $0.name.elementsEqual("HEAD".utf8) }
        #expect(closed.map { TreePath.top.appending($0.parts[0]) } == ["r3", "r4", "r5"].map { TreePath($0) })
        #expect(findings.aside.count == 5 && findings.aside.allSatisfy { $0.name != nil }, "\(findings.aside)")
        // The control.
        let undo = "for n in 3 4 5; do for d in r$n r$n/.git; do mv $d/HEAD.s $d/HEAD; done; done"
        try stage.developer("\(undo); \(trigger)")
        #expect(stage.isProven)
    }

    @Test func `is said where nobody looked when there is too much in it`() throws {
        let stage = try GuardStage()
        let plant = """
            mkdir -p a/b/c aa bb/d; touch a/1 a/2 aa/1; cd a/b/c; seq 100 | xargs touch; cd ../../..
            git init -q bb/d; git -C bb/d config core.fsmonitor ./x
            """
        let findings = try review(stage, most: Reviewer.Most(entries: 60), plant)
        #expect(findings.passedOver == [TreePath("aa"), TreePath("bb"), TreePath("a/b/c")])
        #expect(findings.passedOverCount == 3)
        let text = "Run no git, and no editor that does, in these, which were not looked through: aa, bb, a/b/c. "
        #expect(findings.notes.contains { $0.weight == .warning && $0.text.contains(text) }, "\(findings.notes)")
        #expect(try review(stage, most: Reviewer.Most(), "true").passedOver == [])
    }

    @Test func `is compared with what was there before a session that was reviewed in part`() throws {
        let stage = try GuardStage()
        let plant = "payload monitor; git init -q new; git -C new config core.fsmonitor ../monitor"
        try GuardStage.supervised {
            _ = try stage.begin()
            try stage.agent(plant)
            try PendingReview.keepRemainder(of: stage.session, settled: [:])
        }
        #expect(!PendingReview.sessions().contains(stage.session))
        #expect(PendingReview.remainders().contains(stage.session))

        let next = GuardStage(beside: stage)
        let notes = try next.session {
            let kept = try PendingReview.read(next.session)
            #expect(kept?.earlier?.session == stage.session)
        }
        #expect(notes.contains { $0.text.hasPrefix("new/.git/config could have made git run") }, "\(notes)")
        try stage.developer("git -C new status")
        #expect(!stage.isProven)
        #expect(!PendingReview.remainders().contains(stage.session))
    }

    @Test func `is looked through by a process with little memory`() throws {
        let run = try SandboxRun(nil, with: [Products.path("dvm-guest"), "look"])
        var limits = ""
        for _ in 0..<1000 where !limits.contains("Max address space         \(VMSize.read().lookMemory)") {
            usleep(10_000)
            limits = (try? String(contentsOfFile: "/proc/\(run.pid)/limits", encoding: .utf8)) ?? ""
        }
        #expect(limits.contains("Max address space         \(VMSize.read().lookMemory)"), "\(limits)")
    }

    @Test func `has as much of a directory listed as there is room for, or nothing`() throws {
        let scratch = ScratchDirectory()
        for number in 100..<150 { try scratch.write("", to: "\(number)") }
        let pinned = try PinnedDirectory(scratch.path, called: "it")
        let directory = try ProjectTree(top: pinned.descriptor.raw).directory(.top)
        var room = 100
        #expect(ProjectTree.entries(directory, within: &room)?.count == 50)
        #expect(room == 50)
        #expect(ProjectTree.entries(directory, within: &room) == nil)
        // A long name takes as much as several short ones.
        try scratch.write("", to: String(repeating: "n", count: 250))
        room = 54
        #expect(ProjectTree.entries(directory, within: &room) == nil)
        room = 55
        #expect(ProjectTree.entries(directory, within: &room)?.count == 51)
    }

    // MARK: Odd repositories

    @Test(arguments: ["", "git init -q --bare .", "git init -q --separate-git-dir=.data .", "echo nonsense > .git"])
    func `need not be an ordinary repository`(before: String) throws {
        let stage = try GuardStage(repository: false)
        try stage.developer(before)
        let notes = try stage.session {
            let outcome = try stage.agent("echo x > new; cat new")
            #expect(outcome.output == "x\n")
        }
        #expect(notes == [SessionNote(.notice, "files changed in the project: 1")])
    }

    @Test func `may be a work tree of another repository`() throws {
        let stage = try GuardStage(repository: false)
        try stage.developer(
            """
            git init -q ../main; git -C ../main commit -q --allow-empty -m one; rmdir ../app
            git -C ../main worktree add -q ../app
            """
        )
        let before = stage.read(".git")
        #expect(before?.hasPrefix("gitdir: ") == true)
        // The repository itself is outside the project, where the agent does not reach it.
        let outcome = try stage.agent("git status || echo none; echo 'gitdir: evil' > .git; mv .git x")
        #expect(outcome.output.contains("none\n"))
        #expect(stage.read(".git") == before)
    }

    @Test(arguments: [".husky", ".git/hooks", ".envrc", ".claude", "tools"])
    func `does not start with a link where something is to be protected`(path: String) throws {
        let stage = try GuardStage()
        stage.policy.protected = [try ProjectPath("tools/deploy")]
        try stage.developer("rm -rf .git/hooks; mkdir elsewhere; touch elsewhere/settings.json elsewhere/deploy")
        try stage.developer("ln -s \(path.contains("/") ? "../" : "")elsewhere \(path)")
        let outcome = try stage.agent("true")
        #expect(!outcome.opened)
        #expect(outcome.refusal?.message.contains("\(path) in the project is reached through a symbolic link") == true)
        #expect(outcome.refusal?.hint != nil)
    }

    @Test func `may have names of any bytes`() throws {
        let stage = try GuardStage()
        let long = String(repeating: "n", count: 255)
        try stage.developer(
            """
            for d in "$(printf '\\377\\001')" "$(printf 'a\\nb c\\\\134')" \(long); do
            mkdir "$d"; git init -q "$d"; echo X > "$d/.envrc"; echo \(SandboxStage.canary) > "$d/.env"; done
            """
        )
        let notes = try stage.session {
            let outcome = try stage.agent(
                "for d in */; do cat \"$d/.env\"; echo x > \"$d/.envrc\"; payload \"$d/.git/hooks/post-commit\"; done"
            )
            #expect(outcome.opened, "\(outcome)")
            #expect(!outcome.output.contains(SandboxStage.canary))
        }
        #expect(try stage.developer("cat */.envrc; ls */.git/hooks/post-commit 2>/dev/null | wc -l") == "X\nX\nX\n0\n")
        #expect(notes.filter { $0.weight == .warning } == [])
    }
}
