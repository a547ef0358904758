import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `A session after which there was too much to look through` {
    /// Hides a repository where the review has no room to look.
    private static let hidden = """
        mkdir -p a/b/c/d; (cd a; seq 100 | xargs touch); payload monitor
        git init -q a/b/c/d/new; git -C a/b/c/d/new config core.fsmonitor ../../../../../monitor
        """

    /// A session with such a review, which is kept as the guard keeps it.
    private func reviewInPart(_ stage: GuardStage, _ plant: String = Self.hidden, keepsSettled: Bool = true) throws
        -> Findings
    {
        _ = try GuardStage.supervised { try stage.begin() }
        #expect(try stage.agent(plant).opened)
        let pending = try #require(try PendingReview.read(stage.session))
        let project = try PinnedDirectory(stage.stage.project, called: "the project")
        let order = Reviewer.Order(
            rules: Surveyor.Order(stage.agent),
            before: pending.before,
            started: pending.clock.started,
            gitStarted: pending.baseline.clock.started,
            suffix: ".s"
        )
        let tree = ProjectTree(top: project.descriptor.raw)
        let findings = Reviewer.review(tree, order, most: Reviewer.Most(entries: 60))
        try PendingReview.keepRemainder(of: stage.session, settled: keepsSettled ? findings.settled : [:])
        return withExtendedLifetime(project.path) { findings }
    }

    private func inode(_ path: String, _ stage: GuardStage) throws -> UInt64 {
        try #require(Status.of(FilePath("\(stage.stage.project)/\(path)"))).inode
    }

    @Test(arguments: [true, false])
    func `leaves alone what a person changes where it was looked`(keepsSettled: Bool) throws {
        let stage = try GuardStage()
        let findings = try reviewInPart(stage, keepsSettled: keepsSettled)
        #expect(findings.passedOver == [TreePath("a")])
        let git = try inode(".git", stage)
        #expect(findings.settled == [TreePath(".git"): git])

        try stage.developer(
            "payload .git/hooks/pre-commit; git config core.pager ./less; git update-index --assume-unchanged file"
        )
        let next = GuardStage(beside: stage)
        let notes = try next.session { try next.agent("echo x > other") }
        // The control: without what is known of the review, all of it passes for the session's.
        #expect(stage.exists(".git/hooks/pre-commit") == keepsSettled, "\(notes)")
        #expect(stage.read(".git/config")?.contains("pager") == keepsSettled, "\(notes)")
        #expect(notes.contains { $0.text == "git was told not to show changes of file" } == !keepsSettled, "\(notes)")
    }

    @Test func `leaves what was hidden to be found by the next review`() throws {
        let stage = try GuardStage()
        _ = try reviewInPart(stage)
        try stage.developer("rm a/[0-9]*; payload .git/hooks/pre-commit")
        let next = GuardStage(beside: stage)
        let notes = try next.session { try next.agent("true") }
        try stage.developer("git -C a/b/c/d/new status")
        #expect(!stage.isProven)
        #expect(notes.contains { $0.text.hasPrefix("a/b/c/d/new/.git/config could have made git run") }, "\(notes)")
        let text = """
            git's files that nobody looked at after session \(stage.session) were compared with what was there before it
            """
        #expect(notes.contains(SessionNote(.notice, text)), "\(notes)")
        #expect(stage.exists(".git/hooks/pre-commit"))
        #expect(!PendingReview.remainders().contains(stage.session))
    }

    /// What a session can plant in the person's own repository.
    private static let attacks = GitAttack.all.filter {
        ["commondir", "a new configuration of the work tree", "a gitlink"].contains($0.description)
    }

    @Test(arguments: attacks)
    func `takes nothing away from the review of the next one`(attack: GitAttack) throws {
        let stage = try GuardStage()
        try stage.developer(attack.before)
        _ = try reviewInPart(stage)
        let next = GuardStage(beside: stage)
        let notes = try next.session {
            let kept = try PendingReview.read(next.session)
            #expect(kept?.before.renewed == [TreePath(".git")])
            #expect(try next.agent(attack.plant).opened)
        }
        let output = try stage.developer(attack.trigger)
        #expect(!stage.isProven, "\(output) \(notes)")
    }

    /// What was seen whole is so as long as nobody could change it since.
    @Test(arguments: attacks)
    func `has nothing settled for a session beside another one`(attack: GitAttack) throws {
        let stage = try GuardStage()
        let (second, third) = (GuardStage(beside: stage), GuardStage(beside: stage))
        try stage.developer(attack.before)
        _ = try reviewInPart(stage)
        let notes = try GuardStage.supervised {
            let early = try second.begin()
            #expect(try second.agent(attack.plant).opened)
            let late = try third.begin()
            #expect(try PendingReview.read(third.session)?.before.renewed == nil)
            _ = early.end()
            #expect(try third.agent(attack.plant).opened)
            return late.end()
        }
        let output = try stage.developer(attack.trigger)
        #expect(!stage.isProven, "\(output) \(notes)")
    }

    @Test func `has nothing settled in a directory that took the place of another`() throws {
        let stage = try GuardStage()
        _ = try reviewInPart(stage)
        try stage.developer("cp -a .git g; rm -rf .git; mv g .git; payload .git/hooks/pre-commit")
        let next = GuardStage(beside: stage)
        _ = try next.session {
            let kept = try PendingReview.read(next.session)
            #expect(kept?.before.renewed == nil)
        }
        #expect(!stage.exists(".git/hooks/pre-commit"))
    }

    @Test func `has nothing settled in a repository that something was left in`() throws {
        let stage = try GuardStage()
        // More than is kept of it, and so nothing that could be put back.
        try stage.developer("seq -f '# comment %g' 6000 >> .git/config")
        _ = try GuardStage.supervised { try stage.begin() }
        // As if the agent had come past what protects the file.
        try stage.developer("git config core.fsmonitor ./x")
        let findings = try reviewInPart(GuardStage(beside: stage), "true")
        #expect(findings.suspicious == [TreePath(".git/config")])
        #expect(findings.settled == [:])
    }

    /// Too deep for a path, or for whoever looks: no review sees it there, and a move changes nothing in it.
    @Test func `is one after which something lay too deep to be looked at, which another could bring up`() throws {
        let stage = try GuardStage()
        let plant = """
            payload monitor; for i in $(seq 100); do mkdir d && cd d; done
            git init -q repo; git -C repo config core.fsmonitor ../monitor
            """
        let bring = "mv $(printf 'd/%.0s' $(seq 100))repo sub"
        let notes = try stage.session { try stage.agent(plant) }
        #expect(notes.contains { $0.text.hasPrefix("could not be looked into: d/d/d") }, "\(notes)")
        #expect(PendingReview.remainders().contains(stage.session))
        let next = GuardStage(beside: stage)
        _ = try next.session { try next.agent(bring) }
        #expect(stage.exists("sub"))
        let output = try stage.developer("cd sub; git status")
        #expect(!stage.isProven, "\(output)")

        // The control: with nobody looking in between, it works.
        let alone = try GuardStage()
        try alone.developer("(\(plant)); \(bring); cd sub; git status")
        #expect(alone.isProven)
    }

    @Test func `is told of by doctor, with what ends that when the project is gone`() throws {
        let stage = try GuardStage()
        _ = try reviewInPart(stage)
        let (here, there) = (stage.stage.project, "\(stage.stage.project)-moved")
        #expect(PendingReview.Remainder(stage.session) == .init(stage.session, lost: nil))
        try FileManager.default.moveItem(atPath: here, toPath: there)
        #expect(PendingReview.Remainder(stage.session) == .init(stage.session, lost: here))
        #expect(unsafe mkdir(here, 0o755) == 0)
        #expect(PendingReview.Remainder(stage.session) == .init(stage.session, lost: here))
        #expect(unsafe rmdir(here) == 0)
        try FileManager.default.moveItem(atPath: there, toPath: here)
        #expect(PendingReview.Remainder(stage.session).lost == nil)

        #expect(GitCheck.remainders([]) == [])
        let checks = GitCheck.remainders([.init(stage.session, lost: here), .init(stage.session, lost: nil)])
        #expect(checks.map(\.verdict) == [.warn, .warn])
        #expect(checks.map(\.name) == ["review of the project", "review of a project that is gone"])
        let remedy = checks.last?.remedy ?? ""
        #expect(remedy.hasSuffix("`rm \(PendingReview.remainder(of: stage.session))`"), "\(remedy)")
        #expect(checks.last?.found.contains("\(here) (\(stage.session))") == true)
    }

    /// Among them one more would not be noticed.
    @Test func `has nothing settled in a repository that hides more files than are kept`() throws {
        let stage = try GuardStage()
        let hide = """
            mkdir many; (cd many; seq -f f%g 4100 | xargs touch); git add many; git commit -qm many
            git ls-files -z many | git update-index -z --assume-unchanged --stdin; rm -r many
            """
        let findings = try reviewInPart(stage, hide)
        #expect(!findings.complete)
        #expect(findings.unseen.count == Findings.most)
        #expect(findings.settled == [:])
    }

    // MARK: Decisions

    private static let repositories: Set = [TreePath(".git"), TreePath("sub/.git"), TreePath("sub/.git/hooks")]

    private static func inventory(_ number: Int, links: Set<TreePath> = []) throws -> Inventory {
        let status = try #require(Status.of("/"))
        var inventory = Inventory()
        inventory.repositories = repositories
        inventory.links = links
        for repository in repositories {
            for path in ["config", "hooks/post-commit", "info/attributes"].map(repository.appending) {
                inventory.watched[path] = Inventory.Kept(status, text: Array("\(number)".utf8))
            }
        }
        inventory.gitFiles[TreePath("tree/.git")] = Inventory.Kept(status, text: Array("\(number)".utf8))
        return inventory
    }

    @Test func `has the state of what was seen whole renewed, and of nothing else`() throws {
        let old = try Self.inventory(1, links: [TreePath("sub/gone"), TreePath("gone")])
        var new = try Self.inventory(2, links: [TreePath("sub/more"), TreePath("more")])
        new.renewed = [TreePath("sub/.git"), TreePath("tree/.git")]
        // The hooks of one are another's directory: what belongs to both is not renewed.
        let both = [TreePath("sub/.git/hooks/post-commit"), TreePath("sub/.git/hooks/config")]
        let merged = new.withGit(of: old)

        let renewed = merged.watched.filter { $0.value.text == "2" }.keys.sorted()
        #expect(renewed == ["sub/.git/config", "sub/.git/info/attributes"].map { TreePath($0) })
        #expect(merged.watched[both[0]]?.text == "1" && merged.watched[both[1]]?.text == "1")
        #expect(merged.gitFiles[TreePath("tree/.git")]?.text == "2")
        #expect(merged.repositories == Self.repositories)
        // In the index of either repository: only of what is below `sub` could both speak.
        #expect(merged.links == [TreePath("sub/gone"), TreePath("gone")])

        new.renewed = nil
        #expect(new.withGit(of: old).watched == old.watched)
        #expect(new.withGit(of: old).gitFiles == old.gitFiles)
    }

    @Test func `has what is known and not found any more known as it was`() throws {
        let old = try Self.inventory(1)
        var new = try Self.inventory(2)
        new.repositories = [TreePath(".git")]
        new.gitFiles = [:]
        new.renewed = [TreePath(".git"), TreePath("sub/.git"), TreePath("tree/.git"), TreePath("deep/.git")]
        let merged = new.withGit(of: old)
        #expect(merged.renewed == [TreePath(".git"), TreePath("deep/.git")])
        #expect(merged.repositories == Self.repositories)
        #expect(merged.watched[TreePath("sub/.git/config")]?.text == "1")
        #expect(merged.watched[TreePath(".git/config")]?.text == "2")
    }

    @Test func `is compared with the oldest, and settled is what every review saw`() throws {
        let stage = try GuardStage(repository: false)
        func pending(_ repository: String, settled: [String: UInt64]?) -> PendingReview {
            usleep(20_000)
            var before = Inventory()
            before.repositories = [TreePath(repository)]
            var pending = PendingReview(agent: stage.agent, before: before, clock: ChangeClock())
            pending.settled = settled.map { Dictionary($0.map { (TreePath($0), $1) }) { $1 } }
            return pending
        }
        let first = pending("first", settled: ["a": 1, "b": 2, "c": 3])
        let second = pending("second", settled: ["a": 1, "b": 3, "d": 4])
        let live = pending("live", settled: nil)
        #expect(Baseline.Origin([]) == nil)
        let reviewed = try #require(Baseline.Origin([second, first]))
        #expect(reviewed.before == first.before && reviewed.baseline == first.baseline)
        #expect(reviewed.settled == [TreePath("a"): 1])
        #expect(Baseline.Origin([live, second, first])?.settled == [:])
        #expect(Baseline.Origin([first, live])?.before == first.before)
    }
}
