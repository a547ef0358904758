import DVMProtocol
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `A shadow of a repository` {
    @Test func `keeps everything the agent does to .git, and lets its commits out`() throws {
        let stage = try GuardStage(.shadow)
        let before = try stage.developer("cat .git/config; ls .git/hooks; git rev-parse HEAD")
        var seen = ""
        let notes = try stage.session {
            let outcome = try stage.agent(
                """
                echo two > file; git commit -qam two; git log --format=%s%n%an
                payload monitor; git config core.fsmonitor ./monitor; payload .git/hooks/post-commit
                rm .git/hooks/*.sample; echo evil > .git/description
                """
            )
            #expect(outcome.output == "two\na\none\na\n")
            seen = try stage.developer("cat .git/config; ls .git/hooks; git rev-parse HEAD; git status --short")
        }
        // While it lives, the real one has nothing of it.
        #expect(seen == before + " M file\n?? monitor\n")
        #expect(!stage.isProven)
        #expect(try stage.developer("cat .git/config; ls .git/hooks; git rev-parse HEAD~1") == before)
        #expect(try stage.developer("git log --format=%s; git status --short; git fsck") == "two\none\n?? monitor\n")
        #expect(try stage.developer("git rev-parse refs/dvm/\(stage.session)/HEAD main | uniq | wc -l") == "1\n")
        #expect(notes.filter { $0.weight == .warning } == [])
        #expect(notes.contains(SessionNote(.notice, "refs/heads/main has them")))
        #expect(Status.of(ShadowLayers(stage.session).directory) == nil, "nothing is left behind")
    }

    @Test(arguments: [
        ("the developer commits meanwhile", "", "git commit -q --allow-empty -m mine", "was in use meanwhile"),
        ("the developer had something staged", "echo s > staged; git add staged", "", "was in use meanwhile"),
        (
            "the agent changes to another branch", "", "AGENT git checkout -q -b other",
            "did not stay on refs/heads/main"
        ),
        ("the agent rewrites what was there", "", "AGENT git commit -q --amend -m other", "would lose commits"),
        (
            "the agent adds another repository", "",
            "AGENT git init -q sub; git -C sub commit -q --allow-empty -m s; git add sub", "another repository"
        ),
        (
            "the agent hides another repository behind ten thousand files", "",
            #"""
            AGENT file=$(echo x | git hash-object -w --stdin)
            { seq 12000 | sed "s/.*/100644 $file\tmany-&/"; printf '160000 %s\tzzz\n' $(git rev-parse HEAD); } |
                git update-index --index-info; git checkout-index -qa
            """#, "list of their changes is too long"
        ),
        ("nothing is checked out", "git checkout -q --detach", "", "no branch was checked out"),
    ])
    func `moves no branch when`(name: String, before: String, meanwhile: String, why: String) throws {
        let stage = try GuardStage(.shadow)
        try stage.developer(before)
        let main = try stage.developer("git rev-parse main")
        let notes = try stage.session {
            let agents = meanwhile.hasPrefix("AGENT ") ? String(meanwhile.dropFirst(6)) : "true"
            let outcome = try stage.agent(
                "\(agents); echo two > file; git commit -qam two; git commit -q --allow-empty -m 3"
            )
            #expect(outcome.opened)
            if agents == "true" { try stage.developer(meanwhile) }
        }
        let mine = meanwhile.contains("mine") ? "main~1" : "main"
        #expect(try stage.developer("git rev-parse \(mine)") == main)
        #expect(notes.contains { $0.weight == .notice && $0.text.contains(why) }, "\(notes)")
        #expect(try stage.developer("git log -1 --format=%s refs/dvm/\(stage.session)/HEAD") == "3\n")
    }

    @Test func `lets out branches and tags too, and nothing when there is nothing`() throws {
        let stage = try GuardStage(.shadow)
        let notes = try stage.session {
            try stage.agent(
                "git checkout -q -b side; git commit -q --allow-empty -m s; git tag t; git checkout -q main"
            )
        }
        #expect(notes.contains { $0.text.contains(stage.session.text) })
        let references = try stage.developer("git for-each-ref --format='%(refname)' refs/dvm")
        #expect(references.contains("refs/dvm/\(stage.session)/heads/side\n"), "\(references) \(notes)")
        #expect(references.contains("refs/dvm/\(stage.session)/tags/t\n"))

        let quiet = try GuardStage(.shadow)
        #expect(try quiet.session { try quiet.agent("git status") } == [])
        #expect(try quiet.developer("git for-each-ref refs/dvm") == "")
    }

    /// The attack is one of git's own commands away: what is above the directory, and not the directory itself.
    @Test func `cannot be moved away with the directories above it, nor another one put in its place`() throws {
        let stage = try GuardStage(.shadow, repository: false)
        try stage.developer(
            """
            mkdir -p meta/deep; git init -q -b main --separate-git-dir=meta/deep/repo.git .
            echo 'gitdir: meta/deep/repo.git' > .git; git config user.name d; git config user.email d@x
            echo one > file; git add file; git commit -qm one
            """
        )
        let attack = """
            payload monitor; mv meta x; mv meta/deep meta/y; mkdir -p meta/deep; git init -q --bare meta/deep/repo.git
            git config -f meta/deep/repo.git/config core.bare false
            git config -f meta/deep/repo.git/config core.fsmonitor $PWD/monitor
            """
        let notes = try stage.session {
            let outcome = try stage.agent("echo two > file; git commit -qam two; \(attack); git log --format=%s")
            #expect(outcome.output.hasSuffix("two\none\n"), "\(outcome)")
            try stage.developer("git status")
            #expect(!stage.isProven, "\(outcome)")
        }
        #expect(try stage.developer("git log --format=%s") == "two\none\n", "\(notes)")
        #expect(!stage.isProven)
        // The control: with its owner's hands it works.
        try stage.developer("\(attack); rm -f $HOME/proof; git status")
        #expect(stage.isProven)
    }

    /// Packing up runs git on the agent's own repository, which can have it run anything: here a way to fetch what is
    /// missing.
    @Test func `packs its commits up within the session's control group`() throws {
        let stage = try GuardStage(.shadow)
        let group = try stage.group
        let seen = Mutex(false)
        let watched = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            // In which git hangs.
            func isReached() -> Bool {
                group.words("cgroup.procs").contains { (try? TextFile.read(FilePath("/proc/\($0)/comm"))) == "sleep\n" }
            }
            let deadline = ContinuousClock.now + .seconds(60)
            while !isReached(), .now < deadline { usleep(10_000) }
            seen.withLock { $0 = isReached() && group.killAll() }
            watched.signal()
        }
        let notes = try stage.session {
            let outcome = try stage.agent(
                """
                git config extensions.partialClone origin; git config remote.origin.promisor true
                git config remote.origin.url /workspace; git config remote.origin.uploadpack 'sleep 3600 #'
                git commit -q --allow-empty -m two; git update-ref refs/heads/x $(git commit-tree -p HEAD -m x HEAD^{tree})
                rm -rf .git/objects/$(git rev-parse x | cut -c 1-2)
                """
            )
            #expect(outcome.exit == .exited(0), "\(outcome)")
        }
        watched.wait()
        #expect(seen.withLock { $0 }, "a sandbox outside the group, or none that hangs")
        let text = "the session's commits could not be taken over: git in the sandbox was ended by signal"
        #expect(notes.contains { $0.text.hasPrefix(text) }, "\(notes)")
    }

    @Test(arguments: [(1 << 20, false), (4 << 20, true)])
    func `lets out no more than a file may hold`(most: Int, fits: Bool) throws {
        let stage = try GuardStage(.shadow)
        let packed = try GuardStage.supervised {
            var transfer = try #require(try ShadowTransfer.prepare(TreePath(".git"), stage.agent, in: stage.group))
            transfer.largestBundle = most
            let outcome = try stage.agent("head -c 2097152 /dev/urandom > random; git add random; git commit -qm two")
            #expect(outcome.exit == .exited(0), "\(outcome)")
            return try transfer.pack(in: stage.group)
        }
        switch packed {
        case .bundle: #expect(fits)
        case .failed(let refusal):
            #expect(!fits)
            #expect(refusal.message == "packed up, they come to more than 1 MiB")
        case .nothing: Issue.record("there was nothing to pack")
        }
        let bundle = try #require(Status.of(ShadowLayers(stage.session).bundle))
        #expect(bundle.size <= most)
        try ShadowLayers(stage.session).remove()
    }

    @Test(arguments: [
        ("git init -q --bare .", "a repository without a work tree cannot have a shadow"),
        (
            "git init -q --separate-git-dir=../data .",
            "the project's repository is outside the project, so it cannot have a shadow"
        ),
    ])
    func `is refused where there can be none`(before: String, why: String) throws {
        let stage = try GuardStage(.shadow, repository: false)
        try stage.developer(before)
        #expect(try stage.agent("true").refusal?.message == why)
    }
}

/// T19: whatever a repository is configured to run, dvm's own calls of git run none of it.
@Suite struct `Git as dvm runs it` {
    static let everything = """
        payload evil; e=$PWD/evil; touch evil-ran; rm evil-ran
        for k in core.fsmonitor core.sshCommand core.editor core.pager core.askPass core.gitProxy sequence.editor \\
          core.alternateRefsCommand diff.external diff.d.command diff.d.textconv filter.f.clean filter.f.smudge \\
          filter.f.process merge.m.driver gpg.program gpg.ssh.program credential.helper uploadpack.packObjectsHook \\
          remote.origin.uploadpack remote.origin.receivepack pager.log trailer.t.command; do git config $k $e; done
        git config core.hooksPath $PWD/hooks; mkdir hooks
        for h in pre-commit post-commit reference-transaction post-index-change post-checkout pre-auto-gc \\
          post-merge fsmonitor-watchman; do payload hooks/$h; payload .git/hooks/$h; done
        git config alias.rev-parse "!$e"; git config commit.gpgSign true; git config log.showSignature true
        git config remote.origin.url $PWD/nowhere; git config remote.origin.promisor true
        git config extensions.partialClone origin; git config include.path $PWD/more
        echo '* filter=f diff=d merge=m' > .gitattributes; rm -f $HOME/proof
        """

    @Test(
        arguments: [
            .resolve("HEAD"), .currentBranch, .tips(10), .isAncestor("HEAD", of: "HEAD"), .indexMatches("HEAD"),
            .changes(from: "HEAD~1", to: "HEAD"), .isComplete("HEAD"), .readIntoIndex("HEAD~1"), .resolve("absent"),
            .isComplete(String(repeating: "1", count: 40)), .unbundle,
            .move(reference: "refs/dvm/x", to: "HEAD", from: String(repeating: "0", count: 40)),
        ] as [SafeGit.Command]
    )
    func `runs nothing a repository names`(command: SafeGit.Command) throws {
        let stage = try GuardStage()
        try stage.developer("echo two > file; git commit -qam two; git bundle create -q ../bundle HEAD HEAD~1")
        try stage.developer(Self.everything)
        // The control: git as people run it.
        try stage.developer("git status")
        #expect(stage.isProven)
        try stage.developer("rm $HOME/proof; touch file")

        let git = SafeGit(repository: "\(stage.stage.project)/.git", owner: stage.agent)
        let bundle = try FileDescriptor.open(FilePath("\(stage.stage.home)/code/bundle"), .readOnly)
        defer { try? bundle.close() }
        _ = try Entering.$program.withValue(try Products.path("dvm-guest")) {
            try git.run(command, input: command == .unbundle ? bundle : nil)
        }
        #expect(!stage.isProven)
    }

    // MARK: Work without an end

    /// A tree of some hundred bytes with 10,000,000,000 files.
    private static let bomb = """
        tree=$(git rev-parse HEAD^{tree})
        for depth in 0 1 2 3 4 5 6 7 8 9; do
            tree=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\t%s\n' $tree $n; done | git mktree)
        done
        git tag bomb $(git commit-tree -p HEAD -m bomb $tree)

        """

    @Test(
        arguments: [
            (.changes(from: "HEAD", to: "bomb"), Spawn.Limits(memory: 1 << 30, seconds: 1, fileSize: 1 << 30)),
            (.readIntoIndex("bomb"), Spawn.Limits(memory: 64 << 20, seconds: 60, fileSize: 1 << 30)),
            (.readIntoIndex("HEAD"), Spawn.Limits(memory: 1 << 30, seconds: 60, fileSize: 10)),
        ] as [(SafeGit.Command, Spawn.Limits)]
    )
    func `takes no more than it is given`(command: SafeGit.Command, limits: Spawn.Limits) throws {
        let stage = try GuardStage()
        try stage.developer(Self.bomb)
        var git = SafeGit(repository: "\(stage.stage.project)/.git", owner: stage.agent, group: try stage.group)
        // The controls: as people run it there is no end to it, and what is ordinary has room.
        let plain = command.words.map { "'\($0)'" }.joined(separator: " ")
        let isEndless = command != .readIntoIndex("HEAD")
        let script = "(ulimit -v 4000000; timeout 5 git \(plain) >/dev/null; echo $?); rm -f .git/index.lock"
        #expect(try stage.developer(script) == (isEndless ? "124\n" : "0\n"))
        try GuardStage.supervised {
            let ordinary = try git.run(.readIntoIndex("HEAD"))
            #expect(ordinary == [])
            git.limits = limits
            let limited = try git.run(command)
            #expect(limited == nil)
        }
        #expect(try stage.developer("git status --short; ls .git/*.lock 2>/dev/null") == "")
    }

    @Test func `runs in the session's control group, and ends with it`() throws {
        let stage = try GuardStage()
        try stage.developer(Self.bomb)
        let group = try stage.group
        let isEnded = Mutex(false)
        let watched = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            let deadline = ContinuousClock.now + .seconds(60)
            while group.words("cgroup.procs").isEmpty, .now < deadline { usleep(10_000) }
            isEnded.withLock { $0 = !group.words("cgroup.procs").isEmpty && group.killAll() }
            watched.signal()
        }
        let git = SafeGit(repository: "\(stage.stage.project)/.git", owner: stage.agent, group: group)
        #expect(try GuardStage.supervised { try git.run(.changes(from: "HEAD", to: "bomb")) } == nil)
        watched.wait()
        #expect(isEnded.withLock { $0 })
    }
}
