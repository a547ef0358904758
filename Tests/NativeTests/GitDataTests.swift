import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `A configuration of git, read as data` {
    @Test(arguments: [
        ("", []),
        ("[core]\n\tbare = false\n", ["core.bare=false"]),
        ("[Core] FileMode=TRUE ; c\n# c\n", ["core.filemode=TRUE"]),
        ("[remote \"Ori gin\"]\nurl = a b  # no\n", ["remote.Ori gin.url=a b"]),
        ("[alias]\n x = \"!sh -c \\\"a # b\\\"\"\n", ["alias.x=!sh -c \"a # b\""]),
        ("[a]\nk = one \\\n  two\n", ["a.k=one   two"]),
        ("[a \"s\\\"q\"]\nflag\r\n[b.c]\nx=1", ["a.s\"q.flag=true", "b.c.x=1"]),
        ("\u{FEFF}[a]\nx=\"\"\n", ["a.x="]),
        ("[core]\nfsmonitor = a\nfsmonitor = b\n", ["core.fsmonitor=a", "core.fsmonitor=b"]),
    ])
    func `says what git would read`(text: String, settings: [String]) {
        #expect(GitConfigText(Array(text.utf8))?.settings.map { "\($0.key)=\($0.value)" } == settings)
    }

    @Test(arguments: [
        "x = 1\n", "[a\nx=1", "[a]\n1x = 1\n", "[a]\nx = \"open\n", "[a \"b\"\n", "[a]\nx = \\q\n", "[]\n",
    ])
    func `is refused where git refuses it`(text: String) { #expect(GitConfigText(Array(text.utf8)) == nil) }

    @Test(arguments: [
        ("core.fsmonitor", "x", false), ("core.hookspath", "x", false), ("include.path", "x", false),
        ("filter.f.clean", "x", false), ("alias.st", "status", false), ("remote.o.url", "https://x/", true),
        ("remote.o.url", "ext::sh -c x", false), ("remote.o.url", "-oProxyCommand=x", false),
        ("remote.o.uploadpack", "x", false), ("branch.a.b.merge", "refs/heads/x", true), ("user.name", "x", true),
        ("new.setting", "x", false), ("core.bare", "true", true), ("submodule.s.update", "!x", false),
    ])
    func `is harmless only where that is known`(key: String, value: String, harmless: Bool) {
        #expect(GitConfigText.isHarmless(.init(key: key, value: value)) == harmless)
    }
}

@Suite struct `An index of git, read as data` {
    @Test(arguments: [2, 3, 4])
    func `shows other repositories and hidden files in every version`(version: Int) throws {
        let stage = try GuardStage()
        try stage.developer(
            """
            mkdir -p d/e; for i in 1 22 333 4444 55555 666666 7777777 88888888; do touch d/e/$i; done; git add .
            git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),d/sub
            git update-index --assume-unchanged d/e/22; \(version == 2 ? "" : "git update-index --skip-worktree d/e/333")
            git update-index --index-version \(max(version, 2))
            """
        )
        let bytes = try #require(FileManager.default.contents(atPath: "\(stage.stage.project)/.git/index"))
        let index = try #require(GitIndex(Array(bytes)))
        #expect(index.links == [TreePath("d/sub")])
        #expect(index.unseen == Set((version == 2 ? ["d/e/22"] : ["d/e/22", "d/e/333"]).map { TreePath($0) }))
        #expect(bytes[7] == UInt8(version))
        // Cut anywhere, it is refused and nothing else happens.
        for count in stride(from: 0, to: bytes.count - 60, by: 7) {
            if let cut = GitIndex(Array(bytes.prefix(count))) { #expect(cut == index) }
        }
    }

    /// The bytes of an index of the second version; its entries are other repositories.
    private func index(_ names: [String]) -> [UInt8] {
        func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
        var bytes = Array("DIRC".utf8) + number(2) + number(names.count)
        for name in names {
            let start = bytes.count
            bytes += [UInt8](repeating: 0, count: 24) + number(0o160000) + [UInt8](repeating: 0, count: 12 + 20)
            bytes += [UInt8(min(name.utf8.count, 0xFFF) >> 8), UInt8(min(name.utf8.count, 0xFFF) & 0xFF)]
            bytes += Array(name.utf8)
            bytes += [UInt8](repeating: 0, count: 8 - (bytes.count - start) % 8)
        }
        return bytes + [UInt8](repeating: 0, count: 20)
    }

    @Test func `says how many are left out when there are more than are kept`() throws {
        let found = try #require(GitIndex(index((1...4100).map { "d\($0)" })))
        #expect(found.links.count == 4096)
        #expect(found.linksBeyond == 4)
        #expect(found.unseenBeyond == 0)
    }

    @Test(
        arguments: [
            "../out", "/etc", "a//b", "a/./b", String(repeating: "n", count: 300),
            Array(repeating: String(repeating: "d", count: 200), count: 30).joined(separator: "/"),
        ]
    )
    func `shows the others when one of them has an impossible name`(name: String) throws {
        let found = try #require(GitIndex(index(["a", name, "z"]))).links
        #expect(found.isSuperset(of: [TreePath("a"), TreePath("z")]))
        // One that is only long is told.
        #expect(found.count == (name.hasPrefix("ddd") ? 3 : 2))
    }
}

@Suite struct `A path in a project` {
    @Test func `is told whole up to a length, and of a longer one its beginning`() throws {
        let name = String(repeating: "d", count: 200)
        let path = TreePath(Array(repeating: name, count: 30).joined(separator: "/"))
        #expect(!path.isReachable)
        #expect(try JSON.decode(TreePath.self, from: JSON.encode(path)) == path)
        #expect(path.shortened(to: 500) == TreePath("\(name)/\(name)/…"))
        #expect(TreePath(name).shortened(to: 500) == TreePath(name))
    }

    @Test func `costs nobody the report, however long`() throws {
        let path = Array(repeating: [UInt8](repeating: 1, count: 255), count: 90).reduce(TreePath.top) {
            $0.appending($1)
        }
        var findings = Findings()
        for number in 0..<100 {
            for list: WritableKeyPath<Findings, [TreePath]> in [
                \.suspicious, \.repositories, \.links, \.unseen, \.unfinished, \.protected, \.runsLater, \.executables,
                \.leaving, \.uncovered, \.replaced, \.closed, \.reopened, \.passedOver,
            ] { findings.add(TreePath("\(number)").appending(path.name).appending(path.name), to: list) }
            findings.add(path, to: \.closed)
        }
        let bytes = try JSON.encode(findings)
        #expect(bytes.count < Looking.mostAnswer)
        #expect(try JSON.decode(Findings.self, from: bytes) == findings)
    }

    @Test(arguments: ["/a", "a//b", "..", "a/../b", "./a", "a/", "a\0b", String(repeating: "n", count: 256)])
    func `is refused when it could lead out`(text: String) { #expect(TreePath(checking: Array(text.utf8)) == nil) }

    @Test func `survives the way to another process, whatever its bytes`() throws {
        let path = try #require(TreePath(checking: [0xFF, 0x01, UInt8(ascii: "/"), UInt8(ascii: "\n"), 0xC3]))
        #expect(try JSON.decode(TreePath.self, from: JSON.encode(path)) == path)
        #expect((try? JSON.decode(TreePath.self, from: Array(#""../x""#.utf8))) == nil)
    }

    @Test(
        arguments: [
            ("gitdir: ../x\n", "x"), ("gitdir: /p/app/.git/modules/x", ".git/modules/x"),
            ("gitdir: /workspace/x\n", "x"), ("gitdir: /p/application/x", nil), ("gitdir: ../../x", nil), ("x", nil),
            ("gitdir: /etc", nil),
        ] as [(String, String?)]
    )
    func `is what a .git file names, if that is in the project`(text: String, path: String?) {
        let target = Repositories.target(
            ofGitFile: TreePath("a/.git"),
            Array(text.utf8),
            roots: ["/p/app", "/workspace"]
        )
        #expect(target == path.map { TreePath($0) })
    }
}

@Suite struct `What is done to the paths of a project` {
    static let survey = {
        var survey = Survey()
        survey.main = TreePath(".git")
        survey.repositories = [
            .init(path: TreePath(".git"), inode: 10, present: ["hooks": 11, "config": 12]),
            .init(path: TreePath("a/b/.git"), inode: 20, present: ["config": 21]),
        ]
        survey.protected = [TreePath(".claude/hooks"): 30, TreePath(".vscode"): 31]
        survey.secrets = [TreePath(".env"): 1, TreePath(".vscode/.env"): 2, TreePath("x/y/id_rsa"): 3]
        return survey
    }()

    @Test(arguments: [
        (
            AgentPolicy.Git.guarded,
            [
                "pinned .claude", "readOnly .claude/hooks", "hidden .env", "pinned .git", "readOnly .git/config",
                "readOnly .git/hooks", "readOnly .vscode", "hidden .vscode/.env", "pinned a", "pinned a/b",
                "pinned a/b/.git", "readOnly a/b/.git/config", "pinned x", "pinned x/y",
                "hidden x/y/id_rsa",
            ]
        ),
        (
            .readOnly,
            [
                "pinned .claude", "readOnly .claude/hooks", "hidden .env", "readOnly .git", "readOnly .vscode",
                "hidden .vscode/.env", "pinned a", "pinned a/b", "readOnly a/b/.git", "pinned x", "pinned x/y",
                "hidden x/y/id_rsa",
            ]
        ),
        (
            .shadow,
            [
                "pinned .claude", "readOnly .claude/hooks", "hidden .env", "shadowed .git", "readOnly .vscode",
                "hidden .vscode/.env", "pinned a", "pinned a/b", "pinned a/b/.git", "readOnly a/b/.git/config",
                "pinned x", "pinned x/y",
                "hidden x/y/id_rsa",
            ]
        ),
    ])
    func `follows from what there is`(mode: AgentPolicy.Git, wanted: [String]) {
        #expect(Self.survey.carveOuts(mode).map { "\($0.kind) \($0.path)" } == wanted)
    }

    @Test func `is for what was seen there and for nothing else`() {
        let inodes = Self.survey.carveOuts(.guarded).map { "\($0.path) \($0.inode.map(String.init) ?? "any")" }
        #expect(
            inodes == [
                ".claude any", ".claude/hooks 30", ".env 1", ".git 10", ".git/config 12", ".git/hooks 11", ".vscode 31",
                ".vscode/.env 2", "a any", "a/b any", "a/b/.git 20", "a/b/.git/config 21", "x any", "x/y any",
                "x/y/id_rsa 3",
            ]
        )
    }

    @Test(arguments: [CarveOut.Kind.pinned, .readOnly, .hidden, .shadowed])
    func `is refused when another one was put in its place`(kind: CarveOut.Kind) throws {
        let scratch = ScratchDirectory()
        for path in [".vscode", "other"] {
            try FileManager.default.createDirectory(atPath: scratch(path), withIntermediateDirectories: false)
        }
        let project = try PinnedDirectory(scratch.path, called: "it")
        let tree = ProjectTree(top: project.descriptor.raw)
        let path = TreePath(".vscode")
        let carveOut = CarveOut(path: path, kind: kind, inode: try #require(tree.status(path)).inode)
        try CarvedProject.check(CarvedProject.pin(path, in: tree), for: carveOut)

        #expect(tree.rename(path, to: Array("gone".utf8)) && tree.rename(TreePath("other"), to: path.name))
        let refusal = #expect(throws: Refusal.self) {
            try CarvedProject.check(CarvedProject.pin(path, in: tree), for: carveOut)
        }
        let text = ".vscode in the project changed while the sandbox was being made: another directory is there now"
        #expect(refusal?.message == text)
        #expect(refusal?.hint == "start it again; if it stays like this, look whether another session swaps it")
        _ = project.path
    }

    @Test func `has what is above a shadow pinned, and what is protected in it covered in the copy`() {
        var survey = Survey()
        survey.main = TreePath("a/b/repo")
        survey.repositories = [.init(path: TreePath("a/b/repo"), inode: 1, present: ["hooks": 2, "config": 3])]
        survey.gitFiles = [TreePath(".git"): 4]
        survey.protected = [TreePath("a/b/repo/more"): 5, TreePath("a/b/repo"): 1]
        #expect(
            survey.carveOuts(.shadow) == [
                CarveOut(path: TreePath(".git"), kind: .readOnly, inode: 4),
                CarveOut(path: TreePath("a"), kind: .pinned),
                CarveOut(path: TreePath("a/b"), kind: .pinned),
                CarveOut(path: TreePath("a/b/repo"), kind: .shadowed, inode: 1),
                // The copy has numbers of its own.
                CarveOut(path: TreePath("a/b/repo/more"), kind: .readOnly),
            ]
        )
        // Also in something that is read-only as a whole.
        survey.protected = [TreePath("a"): 6]
        let closed = survey.carveOuts(.shadow).map { "\($0.kind) \($0.path)" }
        #expect(closed == ["readOnly .git", "readOnly a", "shadowed a/b/repo"])
    }
}
