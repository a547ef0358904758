import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `Work that is nowhere else` {
    /// A repository after a script, and what is to be found of it.
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var script: String
        var change: @Sendable (inout RepositoryWork) -> Void

        init(_ name: String, _ script: String, _ change: @escaping @Sendable (inout RepositoryWork) -> Void) {
            testDescription = name
            self.script = script
            self.change = change
        }
    }

    static let cases: [Case] = [
        Case("changed", "echo two >file") { $0.changed = Sample(count: 1, examples: ["file"]) },
        Case("staged", "echo two >new; git add new") { $0.changed = Sample(count: 1, examples: ["new"]) },
        Case("renamed", "git mv file other") { $0.changed = Sample(count: 2, examples: ["file", "other"]) },
        Case("untracked", "echo x >'a b'; mkdir d; echo x >d/e; mkdir empty") {
            $0.untracked = Sample(count: 2, examples: ["a b", "d/"])
        },
        Case(
            "conflict",
            "git checkout -qb b; echo b >file; git commit -qam b; git update-ref refs/remotes/origin/b b; git checkout -q main; echo c >file; git commit -qam c; git update-ref refs/remotes/origin/main main; git merge -q b || true"
        ) {
            $0.unmerged = Sample(count: 1, examples: ["file"])
            $0.operations = ["merge"]
        },
        Case("ahead", "echo two >file; git commit -qam two; echo 3 >file; git commit -qam three") {
            $0.unpushed = .init(count: 2, names: Sample(count: 1, examples: ["main"]))
        },
        Case("branch without upstream", "git checkout -qb side; git commit -q --allow-empty -m x; git checkout -q main")
        {
            $0.unpushed = .init(count: 1, names: Sample(count: 1, examples: ["side"]))
        },
        Case("tag", "git commit -q --allow-empty -m x; git tag -am v v1; git reset -q --hard HEAD~") {
            $0.unpushed = .init(count: 1, names: Sample(count: 1, examples: ["v1"]))
        },
        Case("detached", "git checkout -q --detach; git commit -q --allow-empty -m x") {
            $0.branch = nil
            $0.unpushed = .init(count: 1, names: Sample(count: 1, examples: ["HEAD"]))
        },
        Case("pushed within the VM only", "git init -q --bare ../../up; git remote set-url origin ../../up") {
            $0.hasRemote = false
            $0.unpushed = .init(count: 1, names: Sample(count: 1, examples: ["main"]))
        },
        Case(
            "pushed to a remote that is not configured any more",
            "git commit -q --allow-empty -m x; git update-ref refs/remotes/gone/main HEAD; git reset -q --hard HEAD~"
        ) {
            $0.unpushed = .init(count: 1, names: Sample(count: 1, examples: ["gone/main"]))
        },
        Case(
            "the same, of what packed references say",
            """
            git commit -q --allow-empty -m x; git update-ref refs/remotes/gone/main HEAD
            git pack-refs --all; test ! -e .git/refs/remotes/gone/main
            """
        ) {
            $0.unpushed = .init(count: 1, names: Sample(count: 1, examples: ["main"]))
        },
        Case(
            "pushed to a remote within the VM that is called what a branch of one outside could be",
            "git remote add origin/copy ../../up; git commit -q --allow-empty -m x; git update-ref refs/remotes/origin/copy/main HEAD"
        ) {
            $0.unpushed = .init(count: 1, names: Sample(count: 1, examples: ["main"]))
        },
        Case(
            "the same, of what nothing else here leads to",
            """
            git remote add origin/copy ../../up; git commit -q --allow-empty -m x
            git update-ref refs/remotes/origin/copy/main HEAD; git reset -q --hard HEAD~
            """
        ) {
            $0.unpushed = .init(count: 1, names: Sample(count: 1, examples: ["origin/copy/main"]))
        },
        Case("stash", "echo two >file; git stash -q; echo 3 >file; git stash -q") { $0.stashes = 2 },
        Case(
            "rebase",
            "echo b >file; git commit -qam b; git update-ref refs/remotes/origin/main HEAD; GIT_SEQUENCE_EDITOR='sed -i s/pick/edit/' git rebase -qi HEAD~"
        ) {
            $0.branch = nil
            $0.operations = ["rebase"]
        },
        Case("bisect", "git bisect start -q") { $0.operations = ["bisect"] },
        Case(
            "cherry-pick",
            "git checkout -qb b; echo b >file; git commit -qam b; git update-ref refs/remotes/origin/b b; git checkout -q main; echo c >file; git commit -qam c; git update-ref refs/remotes/origin/main main; git cherry-pick b || true"
        ) {
            $0.unmerged = Sample(count: 1, examples: ["file"])
            $0.operations = ["cherry-pick"]
        },
        Case("unborn", "git checkout -q --orphan new; git rm -qf file; echo x >y") {
            $0.branch = "new"
            $0.untracked = Sample(count: 1, examples: ["y"])
        },
        Case(
            "ignored",
            "printf '.env\\n*.db\\nlogs/\\nnode_modules/\\n*.o\\n' >.git/info/exclude; echo S=1 >.env; mkdir -p logs node_modules/x; echo x >logs/a.sqlite; touch logs/b node_modules/x/.env x.o; truncate -s 30M big.o"
        ) {
            $0.ignored = Sample(count: 3, examples: [".env", "big.o", "logs/a.sqlite"])
        },
        Case("told not to look", "git update-index --assume-unchanged file; echo two >file") {
            $0.hidden = Sample(count: 1, examples: ["file"])
        },
        // 2100 files that git keeps, in the order of a walk before those it does not.
        Case(
            "ignored beside many that are not",
            "printf '.env\\nz*\\n' >.git/info/exclude; mkdir .a z; (cd .a; touch $(seq -f %04.0f.sql 2100)); git add .a; git commit -qm a; git update-ref refs/remotes/origin/main HEAD; echo x >.env; echo x >zz.db; echo x >z/y.pem"
        ) {
            $0.ignored = Sample(count: 3, examples: [".env", "z/y.pem", "zz.db"])
        },
        Case(
            "ignored among more than are looked at",
            "echo '*.o' >.git/info/exclude; touch $(seq -f x%05.0f.o 10001); echo z.db >>.git/info/exclude; echo x >z.db"
        ) {
            $0.unknown = [
                "whether git ignores what nothing makes again: 2 of the 10002 files and directories that git ignores"
            ]
        },
        Case(
            "ignored with a repository of its own in it",
            "echo data/ >.git/info/exclude; mkdir -p data/deep/build; echo x >data/deep/x.db; touch data/deep/build/.env; (cloned data/inner; echo x >.env; git add .env; git commit -qm x; git update-ref refs/remotes/origin/main HEAD); mkdir data/closed; chmod 000 data/closed"
        ) {
            $0.ignored = Sample(count: 1, examples: ["data/deep/x.db"])
            $0.unknown = ["whether git ignores what nothing makes again: data/closed"]
        },
        Case(
            "told not to look at one beside many that are not there",
            "mkdir .a; touch $(seq -f .a/%04.0f 4100); git add .a; git commit -qm a; git update-ref refs/remotes/origin/main HEAD; git ls-files -z | git update-index -z --skip-worktree --stdin; rm -r .a; echo two >file"
        ) {
            $0.hidden = Sample(count: 1, examples: ["file"])
        },
        Case(
            "told not to look at more than are told",
            "mkdir .a; touch $(seq -f .a/%04.0f 4100); git add .a; git commit -qm a; git update-ref refs/remotes/origin/main HEAD; git ls-files -z .a | git update-index -z --skip-worktree --stdin"
        ) {
            $0.hidden = Sample(count: 4096, examples: (1...5).map { ".a/000\($0)" })
            $0.unknown = ["4 more files that git was told to pass over"]
        },
        Case(
            "told not to look, before the index was split",
            // Old, so that git need not mark it as changed while it looked: that is kept apart, without a name.
            """
            touch -d 2020-01-01 file; git update-index --refresh
            git update-index --assume-unchanged file; git update-index --split-index; echo two >file
            """
        ) {
            $0.hidden = Sample(count: 1, examples: ["file"])
        },
        Case(
            "told not to look, after the index was split",
            "git update-index --split-index; git update-index --assume-unchanged file; echo two >file"
        ) {
            $0.hidden = Sample(count: 1, examples: ["."])
        },
        Case("damaged", "rm -r .git/objects/??") {
            $0.unknown = ["git status failed (status 128)", "git log failed (status 128)"]
        },
    ]

    @Test(arguments: cases)
    func `is found in a repository`(of one: Case) throws {
        let stage = try WorkStage()
        try stage.developer("cloned r; \(one.script)")
        var expected = RepositoryWork(path: "r", kind: .repository)
        expected.branch = "main"
        expected.hasRemote = true
        one.change(&expected)
        var found = try #require(try stage.repository())
        if one.testDescription == "damaged" { found.branch = expected.branch }
        #expect(found == expected)
    }

    @Test func `is not seen where there is none`() throws {
        let stage = try WorkStage()
        try stage.developer(
            """
            (cloned a; git tag v1; git checkout -q --detach; git branch behind)
            (cd a; git commit -q --allow-empty -m 'known to the reflog alone'; git checkout -q main; git reflog | grep -q alone)
            (cd a; git config --add remote.origin.fetch '+refs/pull/*/head:refs/remotes/pr/*'; git checkout -q --orphan p
              git commit -q --allow-empty -m p; git update-ref refs/remotes/pr/1 HEAD; git checkout -q main; git branch -D p)
            (cloned b; printf 'build/\\n*.pyc\\n.env*\\n' >.gitignore; git add .; git commit -qm i;
              git update-ref refs/remotes/origin/main HEAD; mkdir build; touch build/.env x.pyc; ln -s ../elsewhere .env; mkfifo .env.local; chmod 755 file; chmod 644 file
              cloned inner)
            git init -q --bare empty.git; mkdir -p some/empty
            mkdir -p "$HOME/.config/git"; echo .idea >"$HOME/.config/git/ignore"; mkdir a/.idea; touch a/.idea/x
            """
        )
        let report = try stage.look()
        #expect(report.isClean, "\(report.text)")
        #expect(report.repositoryCount == 4)
        #expect(report.summary == "nothing in \(stage.code) would be lost (4 repositories)")
    }

    @Test(arguments: [
        // Beside three names that make any directory a repository, and where `.git` is nothing that git can read.
        ("mkdir -p x/objects x/refs; echo 'ref: refs/heads/a' >x/HEAD", "x/notes"),
        ("mkdir -p objects refs; echo 'ref: refs/heads/a' >HEAD", "x/notes"), ("mkfifo x/.git", "x/notes"),
    ])
    func `is found beside what only looks like a repository`(script: String, file: String) throws {
        let stage = try WorkStage()
        try stage.developer("mkdir x; echo mine >x/notes; \(script)")
        #expect(try stage.look().loose.examples == [file])

        let inRepository = try WorkStage()
        try inRepository.developer("cloned r; mkdir x; echo mine >x/notes; \(script)")
        let report = try inRepository.look()
        #expect(report.repositories.first { $0.path == "r" }?.untracked.count ?? 0 > 0, "\(report.text)")
    }

    @Test func `is found in everything that git takes for a repository`() throws {
        let stage = try WorkStage()
        try stage.developer(
            """
            (cloned main; git worktree add -q ../tree -b tree; git worktree add -q --detach ../loose;
              cd ../tree; echo x >untracked; cd ../loose; git commit -q --allow-empty -m x)
            (cloned lib; git clone -q --bare . ../bare.git)
            (cloned super; git submodule --quiet add "$PWD/../lib" sub; git commit -qm sub
              git submodule --quiet add "$PWD/../lib" gone; git commit -qm gone; git update-ref refs/remotes/origin/main HEAD
              git -C sub remote set-url origin https://example.org/lib.git
              git -C gone remote set-url origin https://example.org/lib.git
              git -C sub commit -q --allow-empty -m x; git -C gone commit -q --allow-empty -m x
              git -C gone checkout -q --detach HEAD~; git submodule --quiet deinit -f gone)
            (mkdir -p deep/er; cloned deep/er; echo x >x)
            echo x >loose.txt; mkdir notes; echo x >notes/y; ln -s /etc/passwd link
            """
        )
        let report = try stage.look()
        let found = report.repositories.map { "\($0.path): \($0.kind.rawValue)" }
        #expect(
            found == [
                "bare.git: bare", "deep/er: repository", "loose: worktree", "super: repository",
                "super/.git/modules/gone: bare", "super/sub: submodule", "tree: worktree",
            ],
            "\(report.text)"
        )
        #expect(report.repositories.allSatisfy { $0.unknown.isEmpty && $0.isAtRisk })
        #expect(report.loose == Sample(count: 2, examples: ["loose.txt", "notes/y"]))
        #expect(report.unknown == [])
        let gone = report.repositories.first { $0.path.hasSuffix("gone") }
        #expect(gone?.unpushed.count == 1)
    }

    @Test(arguments: [
        ("closed directory", "mkdir r/closed; chmod 000 r/closed"),
        ("closed git directory", "chmod 000 r/.git"),
        ("closed index", "chmod 000 r/.git/index"),
        ("no git directory", "rm -r r/.git; echo 'gitdir: /gone' >r/.git"),
        ("pipe", "rm r/.git/HEAD; mkfifo r/.git/HEAD"),
        ("pipe as configuration", "rm r/.git/config; mkfifo r/.git/config"),
        ("broken configuration", "echo '[' >>r/.git/config"),
        ("work tree elsewhere", "git -C r worktree add -q ../../elsewhere"),
        ("references gone", "rm -r r/.git/refs"),
        ("unreadable branch", "echo nonsense >r/.git/refs/heads/other"),
        (
            "unknown format",
            "printf '[core]\\nrepositoryformatversion=1\\n[extensions]\\nobjectformat=sha512\\n' >>r/.git/config"
        ),
    ])
    func `is never taken for none where it cannot be looked at`(name: String, script: String) throws {
        let stage = try WorkStage()
        try stage.developer("(cloned r); \(script)")
        let report = try stage.look()
        #expect(!report.isClean && report.isIncomplete, "\(report.text)")
    }

    /// Each entry takes 3872 bytes: the first index is below 64 MiB, the second above.
    @Test(
        arguments: [
            (15_500, []), (17_500, ["its index cannot be read, nor which files git was told to pass over"]),
        ] as [(Int, [String])]
    )
    func `is never taken for none where an index is too large to be looked through`(
        entries: Int,
        unknown: [String]
    ) throws {
        let stage = try WorkStage()
        try stage.developer(
            """
            (cloned r; blob=$(git rev-parse HEAD:file); part=$(printf '/%0199d' 0)
            long=$part$part$part$part$part; long=$long$long$long; long=$long$part$part$part$part
            seq -f "100644 $blob 0\tf%05.0f$long" \(entries) | git update-index --index-info)
            """
        )
        let work = try #require(try stage.repository())
        #expect(work.changed.count == entries)
        #expect(work.unknown == unknown)
    }

    @Test func `is nothing in a directory that was never made, and unknown behind a link that leads nowhere`() throws {
        let stage = try WorkStage()
        try stage.developer("rmdir $HOME/code/app")
        #expect(try stage.look() == WorkReport(codeDirectory: stage.code))
        try stage.developer("ln -s gone $HOME/code/app")
        #expect(throws: Refusal.self) { try stage.look() }
        try stage.developer("cd $HOME/code; rm app; mkdir ../real; touch ../real/x; ln -s ../real app")
        #expect(try stage.look().loose.count == 1)
    }

    // MARK: Hostile repositories

    /// Every setting that names a program, and everything else that can start one, in one repository.
    static let trap = """
        cloned r
        printf '#!/bin/sh\\ntouch "$HOME/proof"; echo x >>"$HOME/log"; cat\\n' >"$HOME/run"; chmod 755 "$HOME/run"
        run=$HOME/run
        echo '* filter=evil diff=evil merge=evil' >.gitattributes; mkdir -p .git/info
        echo '* filter=evil diff=evil' >.git/info/attributes
        git config filter.evil.clean $run; git config filter.evil.smudge $run; git config filter.evil.process $run
        git config filter.evil.required true
        git config diff.evil.textconv $run; git config diff.evil.command $run; git config diff.external $run
        git config merge.evil.driver $run
        for key in core.fsmonitor core.sshCommand core.gitProxy core.askPass core.editor core.pager sequence.editor \\
          core.alternateRefsCommand credential.helper gpg.program gpg.ssh.program uploadpack.packObjectsHook \\
          pager.status pager.log alias.status alias.log interactive.diffFilter log.showSignature init.templateDir \\
          trailer.x.command browser.x.cmd difftool.x.cmd mergetool.x.cmd man.x.cmd receive.procReceiveRefs \\
          remote.origin.uploadpack remote.origin.vcs tar.x.command; do git config $key $run; done
        git config log.showSignature true; git config alias.status "!$run"; git config alias.log "!$run"
        git config core.untrackedCache true; git config status.submoduleSummary true; git config extensions.partialClone origin
        git config remote.origin.promisor true; git config core.repositoryFormatVersion 1
        git config core.hooksPath "$HOME/hooks"; mkdir "$HOME/hooks"
        for hook in post-index-change post-checkout pre-auto-gc fsmonitor-watchman reference-transaction; do
          cp "$run" "$HOME/hooks/$hook"; mkdir -p .git/hooks; cp "$run" .git/hooks/$hook; done
        git config include.path "$HOME/included"; printf '[core]\\n\\tfsmonitor = %s\\n' "$run" >"$HOME/included"
        mkdir nested; git init -q nested; git -C nested config core.fsmonitor "$run"; echo x >nested/file
        echo two >file

        """

    @Test func `runs no program that a repository names, of all that it can name`() throws {
        let stage = try WorkStage()
        try stage.developer(Self.trap)
        try stage.developer("rm -f \"$HOME/proof\"")
        let report = try stage.look()
        #expect(Status.of(FilePath("\(stage.home)/proof")) == nil)
        #expect(report.repositories.first { $0.path == "r" }?.changed.count == 1, "\(report.text)")

        // The trap is one: plain git walks into it.
        try stage.developer("cd r; git status || true")
        #expect(Status.of(FilePath("\(stage.home)/proof")) != nil)
    }

    @Test func `asks git in a process that can start none, whatever it reads`() throws {
        let stage = try WorkStage()
        try stage.developer(Self.trap)
        try stage.developer("rm -f \"$HOME/proof\"")
        // As if nothing stood between git and the repository: the second wall alone.
        func ask(alone: Bool) throws {
            let git = "exec /usr/bin/git -C \(stage.code)/r status"
            try stage.developer(alone ? "ulimit -u 0; \(git) || true" : "(\(git)) || true")
        }
        _ = try? ask(alone: true)
        #expect(Status.of(FilePath("\(stage.home)/proof")) == nil)
        try ask(alone: false)
        #expect(Status.of(FilePath("\(stage.home)/proof")) != nil)
    }

    @Test func `believes no other place that a repository names`() throws {
        let stage = try WorkStage()
        // Told to look at an empty directory instead, at another's branches, and to ignore everything.
        try stage.developer(
            """
            (cloned r; mkdir "$HOME/empty"; git config core.worktree "$HOME/empty"; git config core.bare true
              echo '*' >"$HOME/all"; git config core.excludesFile "$HOME/all"; git config status.showUntrackedFiles no
              git config remote.pushed.url https://example.org/y; git config remote.pushed.fetch '+refs/*:refs/*'
              echo work >untracked; echo two >file)
            """
        )
        let work = try #require(try stage.repository())
        #expect(work.untracked.examples == ["untracked"])
        #expect(work.changed.examples == ["file"])
    }

    /// The limit of the look: nobody asks the remote.
    @Test func `cannot tell what a remote has from what a repository says it has`() throws {
        let stage = try WorkStage()
        try stage.developer("cloned r; git commit -q --allow-empty -m x")
        #expect(try stage.look().isAtRisk)
        try stage.developer("cd r; echo \"$(git rev-parse HEAD)\" >.git/refs/remotes/origin/main")
        #expect(try stage.look().isClean)
    }

    @Test func `leaves nothing behind, in the repository or beside it`() throws {
        let stage = try WorkStage(developer: 64_312)
        try stage.developer("(cloned r); touch -d '2001-01-01' r/file")
        let list = "find r -printf '%p %T@ %i\\n' | sort; find /tmp /dev/shm -maxdepth 1 -user 64312"
        let before = try stage.developer(list)
        _ = try stage.look()
        #expect(try stage.developer(list) == before)
    }
}

@Suite struct `Addresses of remotes` {
    @Test(arguments: [
        ("https://example.org/x", false), ("git@github.com:a/b.git", false), ("ssh://h/x", false), ("host:path", false),
        ("/srv/x.git", true), ("../x", true), ("x", true), ("file:///srv/x", true), ("./a:b", true),
        ("ext::sh -c x", true), ("ssh://localhost/x", true), ("git@localhost:x", true), ("http://[::1]/x", true),
        ("http://127.0.0.1:3000/x", true), ("", true), ("https://", true),
    ])
    func `are outside the VM or in it`(address: String, isLocal: Bool) {
        #expect(Remotes.isLocal(address) == isLocal)
    }
}
