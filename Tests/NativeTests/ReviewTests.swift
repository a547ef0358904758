import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// Starts many programs of git: one test after the other.
@Suite(.serialized) struct `What was done since the last review` {
    private let stage: WorkStage

    init() throws { stage = try WorkStage(developer: 64_313) }

    @Test func `is compared with what remotes have, as long as nothing was reviewed`() throws {
        try stage.developer(
            """
            cloned r
            mkdir -p .github/workflows; echo on: push >.github/workflows/ci.yml; git add .; git commit -qm 'Add CI'
            echo two >file; printf '#!/bin/sh\\n' >run.sh; chmod 755 run.sh; echo x >.envrc; ln -s /etc/passwd leak
            ln -s file inside; echo '{}' >package.json; git add package.json; printf '\\0\\1' >blob
            """
        )
        #expect(
            try stage.text() == """
                ● r (main): beyond what it says its remotes have
                    ! runs or is obeyed when somebody opens its directory: .envrc
                    ! runs on a build server: .github/workflows/ci.yml
                    ! link that leads out of the repository: leak
                    ! new or changed program: run.sh
                    ! runs when somebody builds, installs or tests: package.json
                    1 commit
                      <id> a: Add CI
                    8 files
                      ? .envrc +1 −0
                      A .github/workflows/ci.yml +1 −0
                      ? blob
                      M file +1 −1
                      ? inside +1 −0, mode 120000
                      ? leak +1 −0, mode 120000
                      A package.json +1 −0
                      ? run.sh +1 −0, mode 100755

                changes in \(stage.code) (1 repository); nothing counts as reviewed yet
                """
        )
    }

    @Test func `can be shown again and again, until it is called done`() throws {
        try stage.developer("cloned r; echo two >file; echo x >new; echo loose >../loose.sh")
        let first = try stage.shown()
        var second = try stage.shown()
        second.id = first.id
        #expect(second == first && !first.isEmpty)
        #expect(first.loose == Sample(count: 1, examples: ["loose.sh"]))

        #expect(try stage.done().repositories == 1)
        #expect(try stage.text() == "no changes in \(stage.code) (1 repository); since the review now")

        // What was reviewed and is committed now is a commit, and no change of files.
        try stage.developer(
            "cd r; git add file new; git commit -qm reviewed; echo three >>file; echo more >>../loose.sh"
        )
        #expect(
            try stage.text() == """
                ● r (main): since the review now
                    1 commit
                      <id> a: reviewed
                    1 file
                      M file +1 −0

                ● in no repository
                    1 new or changed file: loose.sh

                changes in \(stage.code) (1 repository); since the review now
                """
        )
    }

    @Test func `counts as reviewed as it was shown, and not as it was later`() throws {
        try stage.developer("cloned r")
        try stage.settle()
        try stage.developer("echo seen >r/seen")
        try stage.shown()
        try stage.developer("echo sly >r/sly; cd r; git commit -q --allow-empty -m sly")
        try stage.done()
        let review = try #require(try stage.review().repositories.first)
        #expect(review.files.map(\.path) == ["sly"] && review.commits.map(\.subject) == ["sly"])
    }

    @Test func `cannot be called done before it was shown`() throws {
        try stage.developer("cloned r")
        #expect(throws: Refusal.self) { try stage.done() }
        // Nor when nobody has seen what was found.
        _ = try stage.review()
        #expect(throws: Refusal.self) { try stage.done() }
    }

    @Test func `is found in every kind of repository, and from the first commit on`() throws {
        try stage.developer(
            """
            (git init -q -b main new; cd new; echo x >a)
            (cloned main; git worktree add -q ../tree -b side; cd ../tree; echo x >b; git commit -q --allow-empty -m side)
            (cloned lib; git clone -q --bare . ../bare.git)
            (cloned super; git submodule --quiet add "$PWD/../lib" sub; git commit -qm sub; echo x >sub/c)
            """
        )
        try stage.settle()
        #expect(try stage.review().isEmpty)
        try stage.developer(
            """
            (cd new; git add a; git commit -qm first; echo y >a); (cd tree; echo y >b; git commit -q --allow-empty -m t)
            (cd super/sub; git add c; git commit -qm c); git clone -q lib fresh
            (cd lib; echo z >z; git add z; git commit -qm z; git push -q ../bare.git main; git branch gone; git tag gone)
            """
        )
        let report = try stage.shown()
        func files(_ path: String) -> [String]? {
            report.repositories.first { $0.path == path }?.files.map { "\($0.status) \($0.path)" }
        }
        #expect(files("new") == ["modified a"] && files("tree") == ["modified b"], "\(report.text(since: ""))")
        #expect(files("super") == ["modified sub"] && files("super/sub") == [])
        #expect(files("lib") == ["added z"] && files("bare.git") == [] && files("fresh")?.isEmpty != true)
        #expect(report.repositories.first { $0.path == "bare.git" }?.commits.map(\.subject) == ["z"])
        #expect(report.repositories.first { $0.path == "super" }?.dangers.map(\.kind) == [.repository])
        #expect(report.unknown == [] && report.repositories.allSatisfy { $0.unknown == [] })
        try stage.done()
        try stage.developer("cd lib; git branch -D gone; git tag -d gone")
        let lib = try stage.review().repositories.first
        #expect(lib?.gone == Sample(count: 2, examples: ["refs/heads/gone", "refs/tags/gone"]))
    }

    // MARK: Tricks

    /// Something that plain git says nothing of.
    struct Trick: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// Before what there is counts as reviewed.
        var before = ""
        var script: String
        /// What a review must say in some line.
        var expected: [String]
        /// A command that shows nothing to somebody who uses plain git.
        var plain = "git status --porcelain"
    }

    static let tricks: [Trick] = [
        Trick(
            testDescription: "assume-unchanged",
            script: "git update-index --assume-unchanged file; echo evil >file",
            expected: ["! git was told not to show its changes: file", "M file +1 −1"]
        ),
        Trick(
            testDescription: "skip-worktree",
            script: "git update-index --skip-worktree file; echo evil >file",
            expected: ["! git was told not to show its changes: file", "M file +1 −1"]
        ),
        Trick(
            testDescription: "assume-unchanged, for more files than are kept",
            script: """
                mkdir m; seq -f m/%g 4100 | xargs touch; git add m; git commit -qm m
                git ls-files -z m | git update-index -z --assume-unchanged --stdin; rm -r m
                """,
            expected: [
                "? not known: git was told not to show changes of 4 more files, which are not named here"
            ]
        ),
        Trick(
            testDescription: "times that lie",
            before: "touch -d '2001-01-01' file; sleep 1; git update-index --refresh",
            script:
                "git config core.trustctime false; git config core.checkStat minimal; printf 'EVL\\n' >file; touch -d '2001-01-01' file",
            expected: ["M file +1 −1"]
        ),
        Trick(
            testDescription: "ident",
            before: "echo 'x $Id$' >prog; git add prog; git commit -qm p; echo 'prog ident' >.git/info/attributes",
            script: "echo 'x $Id: ; evil ; $' >prog",
            expected: ["M prog +1 −1"],
            // Status goes by the size.
            plain: "git diff"
        ),
        Trick(
            testDescription: "filter",
            before: "git config filter.h.clean 'echo one'; echo '* filter=h' >.git/info/attributes",
            script: "echo evil >file",
            expected: ["M file +1 −1"],
            // Status goes by the size.
            plain: "git diff"
        ),
        Trick(
            testDescription: "exclude",
            script: "echo secret >>.git/info/exclude; mkdir secret; echo x >secret/.envrc; echo x >secret/readme",
            expected: [
                "! runs or is obeyed when somebody opens its directory (git ignores it): secret/.envrc",
                "! says what git does not show: .git/info/exclude",
            ]
        ),
        Trick(
            testDescription: "hook",
            script: "mkdir -p .git/hooks; echo x >.git/hooks/pre-push; chmod 755 .git/hooks/pre-push",
            expected: ["! git runs by itself: .git/hooks/pre-push"]
        ),
        Trick(
            testDescription: "changed hook",
            before: "mkdir -p .git/hooks; echo x >.git/hooks/pre-push",
            script: "echo y >.git/hooks/pre-push",
            expected: ["! git runs by itself: .git/hooks/pre-push"]
        ),
        Trick(
            testDescription: "hook of a submodule whose files are not there",
            before: """
                (cd ..; cloned lib); git submodule --quiet add "$PWD/../lib" sub; git commit -qm sub
                git submodule --quiet deinit -f sub
                """,
            script: "echo x >.git/modules/sub/hooks/post-checkout; chmod 755 .git/modules/sub/hooks/post-checkout",
            expected: ["! git runs by itself: .git/modules/sub/hooks/post-checkout"]
        ),
        Trick(
            testDescription: "hook of a submodule that is still to come",
            script: "mkdir -p .git/modules/a/b/hooks; echo x >.git/modules/a/b/hooks/post-checkout",
            expected: ["! git runs by itself: .git/modules/a/b/hooks/post-checkout"]
        ),
        Trick(
            testDescription: "hook of a submodule of a work tree that is gone",
            script: """
                mkdir -p .git/worktrees/gone/modules/sub/hooks
                echo x >.git/worktrees/gone/modules/sub/hooks/post-checkout
                """,
            expected: ["! git runs by itself: .git/worktrees/gone/modules/sub/hooks/post-checkout"]
        ),
        Trick(
            testDescription: "changed setting of a submodule whose files are not there",
            before: """
                (cd ..; cloned lib); git submodule --quiet add "$PWD/../lib" sub; git commit -qm sub
                git submodule --quiet deinit -f sub
                """,
            script: "git config -f .git/modules/sub/config core.fsmonitor evil",
            expected: ["! tells git what to run or how to read files: .git/modules/sub/config"]
        ),
        Trick(
            testDescription: "repository among packages",
            before: "echo node_modules >>.git/info/exclude; git init -q node_modules/dep",
            script: "echo .envrc >node_modules/dep/.git/info/exclude; echo x >node_modules/dep/.envrc",
            expected: ["! runs or is obeyed when somebody opens its directory (git ignores it): .envrc"]
        ),
        Trick(
            testDescription: "setting",
            script: "git config core.sshCommand evil",
            expected: ["! tells git what to run or how to read files: .git/config"]
        ),
        Trick(
            testDescription: "another branch",
            script:
                "git checkout -qb sly; mkdir -p .github/workflows; echo x >.github/workflows/x.yml; git add .; git commit -qm sly; git checkout -q main",
            expected: ["! runs on a build server (in commits only): .github/workflows/x.yml", "<id> a: sly"]
        ),
        Trick(
            testDescription: "moved remote",
            script: "echo evil >file; git commit -qam sly; git update-ref refs/remotes/origin/main HEAD",
            expected: ["M file +1 −1", "<id> a: sly"]
        ),
        Trick(
            testDescription: "staged",
            script: "echo evil >file; git add file; git show HEAD:file >file",
            expected: ["! staged in git’s index, and not what the file holds: file"],
            plain: "git diff HEAD"
        ),
        Trick(
            testDescription: "mode",
            before: "git config core.fileMode false",
            script: "chmod 755 file",
            expected: ["! new or changed program: file", "M file +0 −0, mode 100644 → 100755"]
        ),
        Trick(
            testDescription: "forged object",
            script: """
                echo evil >file; evil=$(git hash-object file); good=$(git rev-parse HEAD:file)
                mkdir -p .git/objects/${evil::2}; cp .git/objects/${good::2}/${good:2} .git/objects/${evil::2}/${evil:2}
                git commit -qam sly
                """,
            expected: ["M file +1 −1", "<id> a: sly"],
            plain: "git diff HEAD~ HEAD | grep evil || true"
        ),
    ]

    @Test(arguments: tricks)
    func `is seen where plain git shows nothing`(of trick: Trick) throws {
        try stage.developer("cloned r; \(trick.before)")
        try stage.settle()
        try stage.developer("cd r; \(trick.script)")
        let lines = try stage.text().split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        for line in trick.expected { #expect(lines.contains(line), "\(lines.joined(separator: "\n"))") }
        // The control: it is a trick.
        #expect(try stage.developer("cd r; \(trick.plain)") == "")
    }

    @Test func `is shown in no repository, too, where programs install and build`() throws {
        try stage.developer("cloned r; mkdir -p ../dist")
        try stage.settle()
        try stage.developer(
            """
            mkdir -p .cargo build/node_modules/p r/dist; echo x >.cargo/config.toml; echo x >build/.envrc; echo x >own
            for at in dist r/dist; do printf '#!/bin/sh\\n' >$at/run.sh; chmod 755 $at/run.sh; done
            echo x >build/node_modules/p/plain; git init -q build/lib; echo x >build/lib/file; echo dist >r/.git/info/exclude
            """
        )
        let report = try stage.review()
        #expect(report.loose.count == 5 && report.loose.examples.first == "own", "\(report.loose)")
        #expect(
            Set(report.loose.examples.dropFirst())
                == [".cargo/config.toml", "build/.envrc", "build/node_modules/p/plain", "dist/run.sh"]
        )
        #expect(
            report.dangers == [
                Danger(.onOpening, .installed, Sample(count: 1, examples: ["build/.envrc"])),
                Danger(.executable, .installed, Sample(count: 1, examples: ["dist/run.sh"])),
                Danger(.build, .installed, Sample(count: 1, examples: [".cargo/config.toml"])),
            ]
        )
        #expect(report.unknown == [] && Set(report.repositories.map(\.path)) == ["build/lib", "r"])
        let lines = try stage.text().split(separator: "\n")
        #expect(lines.contains("    ! new or changed program (in directories such as node_modules): dist/run.sh"))
    }

    @Test func `says where it was not looked`() throws {
        try stage.developer("mkdir -p node_modules/a node_modules/b; touch node_modules/a/{1,2,3} node_modules/b/4 own")
        let top = try FileDescriptor.open(FilePath(stage.code), .readOnly, options: [.directory])
        defer { try? top.close() }
        func walk(_ most: Int) -> ReviewWalk {
            let deadline = ContinuousClock.now + .seconds(100)
            return ReviewWalk.through(
                ProjectTree(top: top),
                stage.code,
                repositories: [],
                since: 0,
                until: deadline,
                mostInstalled: most
            )
        }
        #expect(walk(7).unknown == [] && walk(7).loose.count == 5)
        let cut = walk(3)
        #expect(cut.unknown.count == 1 && cut.unknown[0].contains("not looked at from node_modules/"), "\(cut.unknown)")
        #expect(cut.loose.examples.contains("own") && cut.loose.count < 5)
    }

    @Test func `says that there is more than was looked at in commits`() throws {
        try stage.developer("cloned r")
        try stage.settle()
        try stage.developer(
            #"""
            cd r; commit='commit refs/heads/main\ncommitter a <a@a> 1700000000 +0000\ndata 1\nx'
            { printf "$commit\nfrom refs/heads/main^0\n\n"; for n in $(seq 1000); do printf "$commit\n\n"; done; }               | git fast-import --quiet
            """#
        )
        let report = try stage.review()
        let review = try #require(report.repositories.first)
        #expect(review.hasMoreCommits && report.isIncomplete)
        #expect(review.unknown == ["there are too many new commits: not all that they change was looked at"])
    }

    @Test func `is read as it is from an object store that lies`() throws {
        try stage.developer("cloned r")
        try stage.settle()
        let forge = try #require(Self.tricks.first { $0.testDescription == "forged object" })
        try stage.developer("cd r; \(forge.script)")
        let patch = try stage.patch()
        #expect(patch.contains("-one\n+evil\n"), "\(patch)")
    }

    @Test func `runs no program that a repository names, of all that it can name`() throws {
        try stage.developer(`Work that is nowhere else`.trap)
        try stage.developer("rm -f \"$HOME/proof\"")
        let report = try stage.shown()
        let patch = try stage.patch()
        try stage.done()
        #expect(try stage.review().isEmpty)
        #expect(Status.of(FilePath("\(stage.home)/proof")) == nil)
        #expect(report.repositories.first { $0.path == "r" }?.files.contains { $0.path == "file" } == true)
        #expect(patch.contains("-one\n+two\n"))
        let dangers = report.repositories.first { $0.path == "r" }?.dangers ?? []
        #expect(dangers.contains { $0.kind == .hook && $0.paths.count == 5 }, "\(dangers)")
        #expect(dangers.contains { $0.kind == .gitSetting && $0.paths.examples.contains(".git/config") })

        // The trap is one: plain git walks into it.
        try stage.developer("cd r; git diff || true")
        #expect(Status.of(FilePath("\(stage.home)/proof")) != nil)
    }

    @Test func `leaves nothing behind but what it remembers, closed to others`() throws {
        try stage.developer("(cloned r; echo two >file); touch -d '2001-01-01' r/file")
        let list = "find r -printf '%p %T@ %i\\n' | sort; find /tmp /dev/shm -maxdepth 1 -user 64313"
        let before = try stage.developer(list)
        for _ in 0..<2 {
            try stage.settle()
            _ = try stage.patch()
        }
        #expect(try stage.developer(list) == before)
        #expect(try stage.developer("stat -c %a ~/.local/state/dvm/review") == "700\n")
    }

    // MARK: The patch

    @Test func `makes a patch that gives another clone the same files`() throws {
        try stage.developer(
            """
            cloned r; echo x >gone; printf 'a\\r\\nb' >crlf; head -c 3000 /dev/urandom >binary; echo m >mode; echo o >old
            git add .; git commit -qm all; git clone -q . ../clone; rm -r ../clone/.git/hooks
            """
        )
        try stage.settle()
        try stage.developer(
            """
            cd r; rm gone; head -c 3000 /dev/urandom >binary; head -c 100 /dev/zero >'new binary'; chmod 755 mode
            ln -s file link; mkdir d; printf 'no newline' >d/x; : >empty; mv old $'n\\n\\x1b[2J'; echo y >$'bad\\xff'
            printf 'a\\r\\nc' >crlf; printf '#!/bin/sh\\necho x\\n' >tool; chmod 755 tool; git add tool; git commit -qm tool
            """
        )
        let patch = try stage.patch()
        try Data(patch.utf8).write(to: URL(filePath: "\(stage.top)/patch"))
        let outcome = try stage.developer(
            """
            cd clone; git apply --whitespace=nowarn \(stage.top)/patch; cd ..; rm r/gone 2>/dev/null || true
            diff -r --no-dereference --exclude=.git r clone && echo same; stat -c %a clone/tool clone/mode
            """
        )
        #expect(outcome == "same\n755\n755\n")
        // Names are quoted by git.
        #expect(!patch.contains("\u{1B}"))
    }

    @Test func `is told in part where there is very much of it`() throws {
        try stage.developer("cloned r")
        try stage.settle()
        try stage.developer(
            """
            cd r; mkdir d; cd d; seq 1 30000 | xargs touch; seq -f 'f%g.mk' 1 1000 | xargs touch; mkdir $(seq -f 'e%g' 1 50)
            for n in $(seq 1 50); do touch e$n/.envrc; done; touch Jenkinsfile
            """
        )
        let report = try stage.review()
        let review = try #require(report.repositories.first)
        #expect(review.fileCount == 31_051 && review.files.count == RepositoryReview.most.files)
        // One kind cannot hide another.
        #expect(review.dangers.map(\.kind) == [.onOpening, .ci, .build])
        #expect(review.dangers.map(\.paths.count) == [50, 1, 1000])
        #expect(review.dangers.allSatisfy { $0.paths.examples.count <= Danger.mostPaths })
        #expect(try JSON.encode(report).count < Frame.largestPayload)
    }
}

@Suite struct `Files that may run later` {
    @Test(
        arguments: [
            (".envrc", .onOpening), ("a/b/.envrc", .onOpening), (".vscode/tasks.json", .onOpening),
            ("sub/.VSCode/tasks.json", .onOpening), (".devcontainer/x/y", .onOpening), ("CLAUDE.md", .onOpening),
            ("app.code-workspace", .onOpening), (".github/workflows/ci.yml", .ci), (".GitHub/Workflows/ci.yml", .ci),
            ("x/.github/workflows/ci.yml", .ci), (".gitlab-ci.yml", .ci), ("Jenkinsfile", .ci),
            (".husky/pre-push", .hook),
            (".pre-commit-config.yaml", .hook), (".gitattributes", .gitSetting), ("a/.gitattributes", .gitSetting),
            (".gitmodules", .gitSetting), ("package.json", .build), ("Makefile", .build), ("rules.mk", .build),
            ("Dockerfile.dev", .build), ("vite.config.ts", .build), ("setup.py", .build), ("Cargo.toml", .build),
            (".cargo/config.toml", .build), ("package-lock.json", .lockFile), ("Cargo.lock", .lockFile),
            ("go.sum", .lockFile), ("Package.resolved", .lockFile), (".gitignore", .ignoring),
            ("README.md", nil), ("src/main.c", nil), ("workflows/ci.yml", nil), ("envrc", nil), ("makefile.txt", nil),
            (".github/README.md", nil), ("", nil),
        ] as [(String, Danger.Kind?)]
    )
    func `are told by their paths`(path: String, kind: Danger.Kind?) {
        #expect(RunsLater.kind(of: TreePath(path)) == kind)
    }
}

@Suite struct `Git's lists of changes` {
    private static let zero = String(repeating: "0", count: 40)

    @Test(arguments: [1, 2, 7, 1000])
    func `are read in pieces of any size`(size: Int) {
        let text =
            ":100644 100755 \(Self.zero) \(Self.zero) M\0a b\0:100644 100644 \(Self.zero) \(Self.zero) R100\0old\0new\0"
            + "\0:000000 120000 \(Self.zero) \(Self.zero) A\0\u{1B}\n\0"
        let bytes = Array(text.utf8)
        var diff = RawDiff()
        var found: [String] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            diff.take(bytes[start..<min(start + size, bytes.count)]) {
                let old = $0.old.map { String(decoding: $0, as: UTF8.self) } ?? "-"
                found.append(
                    "\(String($0.mode, radix: 8)) \(Character(Unicode.Scalar($0.letter))) \(old) \(String(decoding: $0.path, as: UTF8.self))"
                )
            }
        }
        #expect(found == ["100755 M - a b", "100644 R old new", "120000 A - \u{1B}\n"])
        #expect(!diff.isDamaged)
    }

    @Test(arguments: ["nonsense\0", ":1 2 3\0", ":x y a b M\0p\0", "100644 100644 a b M\0p\0"])
    func `are known for none where they are none`(text: String) {
        var diff = RawDiff()
        diff.take(Array(text.utf8)[...]) { _ in }
        #expect(diff.isDamaged)
    }

    @Test func `have numbers of lines, also of what was moved`() {
        var counts = LineCounts()
        counts.take(Array("3\t1\tfile\0-\t-\tblob\00\t2\t\0old\0new\0".utf8)[...])
        #expect(
            counts.counts.mapValues { [$0.added, $0.removed] } == [
                Array("file".utf8): [3, 1], Array("blob".utf8): [nil, nil], Array("new".utf8): [0, 2],
            ]
        )
    }
}
