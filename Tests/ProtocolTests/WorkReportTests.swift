import DVMProtocol
import Testing

@Suite struct `A report of work` {
    private static func repository(_ change: (inout RepositoryWork) -> Void) -> RepositoryWork {
        var work = RepositoryWork(path: "src/app", kind: .worktree)
        work.branch = "main"
        change(&work)
        return work
    }

    @Test func `says what would be lost, a thing a line`() {
        var report = WorkReport(codeDirectory: "/home/d/code/app")
        report.repositoryCount = 3
        report.repositories = [
            Self.repository {
                $0.changed = Sample(count: 7, examples: ["a", "b"])
                $0.untracked = Sample(count: 1, examples: ["c"])
                $0.hasRemote = true
                $0.unpushed = .init(count: 1000, more: true, names: Sample(count: 1, examples: ["main"]))
                $0.stashes = 2
                $0.operations = ["rebase"]
                $0.unknown = ["git log failed (status 128)"]
            }
        ]
        report.loose = Sample(count: 1, examples: ["x"])
        report.sessions = [.init(id: SessionID(seconds: 0, salt: 1), tool: "claude")]
        #expect(
            report.text == """
                ✗ src/app (main), a linked work tree
                    7 changed files: a, b, …
                    1 untracked file or directory: c
                    1000 or more commits on no remote: main
                    2 stashes
                    begun and not ended: rebase
                    not known: git log failed (status 128)
                ✗ 1 file in no repository: x
                ✗ a session of claude runs: \(SessionID(seconds: 0, salt: 1))

                there is work in /home/d/code/app that is nowhere else (3 repositories); not everything could be looked at
                """
        )
    }

    @Test func `is harmless on a terminal, whoever wrote the names`() {
        let evil = "\u{1B}]0;x\u{7}\n✓ nothing\u{202E}"
        var report = WorkReport(codeDirectory: evil)
        report.repositories = [
            Self.repository {
                $0.path = evil
                $0.branch = evil
                $0.changed = Sample(count: 1, examples: [evil])
                $0.unpushed.names = Sample(count: 1, examples: [evil])
                $0.unpushed.count = 1
                $0.operations = [evil]
                $0.unknown = [evil]
            }
        ]
        report.loose = Sample(count: 1, examples: [evil])
        report.unknown = [evil]
        report.sessions = [.init(id: SessionID(seconds: 0, salt: 1), tool: evil)]
        let hidden = report.text.unicodeScalars.filter { $0.value < 0x20 && $0 != "\n" || $0 == "\u{202E}" }
        #expect(hidden.isEmpty)
        #expect(!report.text.split(separator: "\n").contains { $0.hasPrefix("✓") })
    }

    @Test(
        arguments: [
            { $0.loose.count = 1 }, { $0.loose.count = -1 }, { $0.omitted = 1 },
            { $0.sessions = [.init(id: SessionID(seconds: 0, salt: 1), tool: "x")] },
            { $0.unknown = [""] },
            { $0.repositories = [repository { $0.stashes = -1 }] },
            { $0.repositories = [repository { $0.unknown = ["x"] }] },
            { $0.repositories = [repository { $0.hidden.count = 1 }] },
            { $0.repositories = [repository { $0.ignored.examples = ["x"] }] },
        ] as [@Sendable (inout WorkReport) -> Void]
    )
    func `is clean only when there is nothing at all`(change: @Sendable (inout WorkReport) -> Void) {
        var report = WorkReport(codeDirectory: "/x")
        #expect(report.isClean)
        change(&report)
        #expect(!report.isClean)
    }
}
