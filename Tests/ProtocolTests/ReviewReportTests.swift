import DVMProtocol
import Testing

@Suite struct `A report of a review` {
    private static func report(_ change: (inout ReviewReport) -> Void) throws -> ReviewReport {
        var report = ReviewReport(id: try ReviewID("0123456789abcdef"), codeDirectory: "/home/d/code/app")
        report.repositoryCount = 2
        change(&report)
        return report
    }

    private static func repository(_ change: (inout RepositoryReview) -> Void) -> RepositoryReview {
        var review = RepositoryReview(number: 0, path: "lib", kind: .repository, base: .review)
        review.branch = "main"
        change(&review)
        return review
    }

    @Test func `says what may run later first, the worst on top`() throws {
        let report = try Self.report {
            $0.since = 1
            $0.repositories = [
                Self.repository {
                    $0.dangers = [
                        Danger(.lockFile, .files, Sample(count: 1, examples: ["Cargo.lock"])),
                        Danger(.ci, .commits, Sample(count: 30, examples: ["a.yml", "b.yml"])),
                        Danger(.onOpening, .ignored, Sample(count: 1, examples: [".envrc"])),
                        Danger(.hook, .repository, Sample(count: 1, examples: [".git/hooks/pre-push"])),
                    ]
                    $0.commits = [.init(id: "abcdef0123456789", time: 0, author: "Ada", subject: "Fix it")]
                    $0.commitCount = 1000
                    $0.hasMoreCommits = true
                    $0.gone = Sample(count: 1, examples: ["refs/heads/old"])
                    var moved = RepositoryReview.FileChange(.renamed, "new")
                    (moved.old, moved.oldMode, moved.mode) = ("old", "100644", "100755")
                    var changed = RepositoryReview.FileChange(.modified, "file")
                    (changed.added, changed.removed) = (3, 1)
                    $0.files = [changed, moved, .init(.deleted, "gone")]
                    $0.fileCount = 100_000
                    $0.unknown = ["what git ignores is not known: git took too long"]
                }
            ]
            $0.loose = Sample(count: 2, examples: ["a", "b"])
            $0.dangers = [Danger(.executable, .files, Sample(count: 1, examples: ["b"]))]
            $0.sessions = [.init(id: SessionID(seconds: 0, salt: 1), tool: "claude")]
        }
        #expect(
            report.text(since: "3 h ago") == """
                ● lib (main): since the review 3 h ago
                    ! git runs by itself: .git/hooks/pre-push
                    ! runs or is obeyed when somebody opens its directory (git ignores it): .envrc
                    ! runs on a build server (in commits only): a.yml, b.yml, and 28 more
                    ! says what is downloaded: Cargo.lock
                    1000 or more commits
                      abcdef0123 Ada: Fix it
                      and 999 more
                    branches and tags that are gone: refs/heads/old
                    100000 files
                      M file +3 −1
                      R old → new, mode 100644 → 100755
                      D gone
                      and 99997 more
                    ? not known: what git ignores is not known: git took too long

                ● in no repository
                    ! new or changed program: b
                    2 new or changed files: a, b

                • a session of claude runs; what it does from now on is not in here
                changes in /home/d/code/app (2 repositories); since the review 3 h ago; not everything could be looked at
                """
        )
    }

    @Test func `says that there is nothing`() throws {
        let report = try Self.report { _ in }
        #expect(
            report.text(since: "") == "no changes in /home/d/code/app (2 repositories); nothing counts as reviewed yet"
        )
        #expect(report.isEmpty && !report.isIncomplete)
    }

    @Test func `is harmless on a terminal, whoever wrote what is in it`() throws {
        let evil = "\u{1B}]0;x\u{7}\n✓ no changes\u{202E}"
        let report = try Self.report {
            $0.codeDirectory = evil
            $0.repositories = [
                Self.repository {
                    $0.path = evil
                    $0.branch = evil
                    $0.dangers = [Danger(.hook, .repository, Sample(count: 1, examples: [evil]))]
                    $0.commits = [.init(id: evil, time: 0, author: evil, subject: evil)]
                    var file = RepositoryReview.FileChange(.renamed, evil)
                    (file.old, file.oldMode, file.mode) = (evil, evil, evil)
                    $0.files = [file]
                    $0.gone = Sample(count: 1, examples: [evil])
                    $0.unknown = [evil]
                }
            ]
            $0.loose = Sample(count: 1, examples: [evil])
            $0.unknown = [evil]
            $0.sessions = [.init(id: SessionID(seconds: 0, salt: 1), tool: evil)]
        }
        let text = report.text(since: "now")
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202E}" || $0 == "\n" })
        #expect(!text.split(separator: "\n").contains { $0.hasPrefix("✓") })
    }

    @Test func `shows no more of a list than there is room for, however long a guest made it`() throws {
        let name = String(repeating: "x", count: 1000)
        let report = try Self.report {
            $0.repositories = [
                Self.repository {
                    $0.files = Array(repeating: .init(.added, name), count: 1000)
                    $0.commits = Array(repeating: .init(id: name, time: 0, author: name, subject: name), count: 1000)
                    $0.dangers = [
                        Danger(.hook, .files, Sample(count: 1000, examples: Array(repeating: name, count: 1000)))
                    ]
                }
            ]
        }
        let lines = report.text(since: "").split(separator: "\n")
        #expect(lines.count < 300)
        #expect(lines.allSatisfy { $0.count < 6000 })
    }

    @Test(
        arguments: [
            { $0.loose.count = 1 }, { $0.gone.count = 1 }, { $0.omitted = 1 },
            { $0.repositories = [repository { $0.fileCount = 1 }] },
            { $0.dangers = [Danger(.hook, .files, Sample())] },
            { $0.repositories = [repository { $0.commitCount = -1 }] },
            { $0.repositories = [repository { $0.gone.count = 1 }] },
            { $0.repositories = [repository { $0.dangers = [Danger(.hook, .files, Sample())] }] },
        ] as [@Sendable (inout ReviewReport) -> Void]
    )
    func `has no changes only when there are none at all`(change: @Sendable (inout ReviewReport) -> Void) throws {
        #expect(try !Self.report(change).isEmpty)
    }

    @Test(arguments: ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeF", "../../../../etc/x"])
    func `has a name that is safe in a path`(text: String) {
        #expect(throws: Refusal.self) { try ReviewID(text) }
        #expect(throws: (any Error).self) { try JSON.decode([ReviewID].self, from: Array("[\"\(text)\"]".utf8)) }
    }

    @Test func `is asked for a repository that there can be`() throws {
        let id = try ReviewID("0123456789abcdef")
        #expect(throws: Refusal.self) { try Request.task(.review(.patch(id, repository: -1))).check() }
        #expect(throws: Refusal.self) { try Request.task(.review(.patch(id, repository: 5000))).check() }
        try Request.task(.review(.patch(id, repository: 4999))).check()
        #expect(ReviewID(number: 0xAB).text == "00000000000000ab")
    }
}
