import CLinux
import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// Walks over a real tree, by the built program and as its owner.
@Suite struct `A walk over a project` {
    let tree: AccessStage
    init() throws { tree = try AccessStage() }

    @Test func `lets the agent do what the developer may, and nobody else more`() throws {
        try tree.make("src/main.c")
        try tree.make("run.sh", "#!/bin/sh\n", mode: 0o755)
        try tree.make("frozen", mode: 0o444)
        let write = "cd \(tree.project) && echo x >> src/main.c && echo y > src/new && ./run.sh"
        #expect(try tree.shell(write, as: tree.stage.agent).exit != .exited(0), "the control")

        #expect(try tree.report(.grant).changed == 5)
        tree.stage.mode(tree.stage.home, 0o755)
        #expect(try tree.shell(write, as: tree.stage.agent).exit == .exited(0))
        #expect(try tree.shell("echo x >> \(tree.project)/frozen", as: tree.stage.agent).exit != .exited(0))
        #expect(try tree.shell(write, as: 64_388).exit != .exited(0))
    }

    @Test func `changes nothing the second time`() throws {
        try tree.make("a/b/c")
        try tree.make(".env")
        tree.directory("closed", mode: 0o700)
        try tree.report(.grant)
        let once = try tree.inventory()
        #expect(try tree.report(.grant).changed == 0)
        #expect(try tree.inventory() == once)
    }

    @Test func `leaves no trace when it is undone`() throws {
        try tree.make("a/b/c")
        try tree.make("run.sh", mode: 0o755)
        try tree.make("mine", mode: 0o600)
        try tree.make(".env", mode: 0o640)
        tree.directory("group", mode: 0o770)
        let before = try tree.inventory()
        try tree.report(.grant)
        #expect(try tree.inventory() != before)
        try tree.report(.withdraw)
        #expect(try tree.inventory() == before)
    }

    @Test func `covers what either makes afterwards`() throws {
        tree.directory("src")
        try tree.report(.grant)
        tree.stage.mode(tree.stage.home, 0o755)
        let (developer, agent) = (tree.stage.developer, tree.stage.agent)
        for (maker, other) in [(developer, agent), (agent, developer)] {
            let made = "\(tree.project)/src/by-\(maker)"
            #expect(try tree.shell("umask 022; mkdir \(made); echo a > \(made)/f", as: maker).exit == .exited(0))
            #expect(
                try tree.shell("echo b >> \(made)/f && echo c > \(made)/g && rm \(made)/f", as: other).exit
                    == .exited(0)
            )
        }
    }

    // MARK: What it leaves alone

    @Test func `skips links, pipes and files with a second name, and goes below no mount`() throws {
        try tree.make("kept")
        let outside = "\(tree.stage.top)/outside"
        _ = unsafe mkdir(outside, 0o755)
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(outside)/file"))
        for path in [outside, "\(outside)/file"] { tree.stage.own(path, tree.stage.developer) }
        #expect(unsafe link("\(outside)/file", "\(tree.project)/second-name") == 0)
        #expect(unsafe symlink(outside, "\(tree.project)/link") == 0)
        #expect(unsafe mkfifo("\(tree.project)/pipe", 0o644) == 0)
        // Of the same disk: no number of a device tells it apart.
        tree.directory("mounted")
        try root("mount", "--bind", outside, "\(tree.project)/mounted")
        defer { try? root("umount", "-l", "\(tree.project)/mounted") }
        try #require(Status.of(FilePath("\(tree.project)/mounted/file")) != nil, "the control")
        let before = try tree.inventory(outside)

        let report = try tree.report(.grant)
        #expect(report.linked == 1)
        #expect(report.elsewhere == 1)
        #expect(report.failed == 0)
        #expect(try tree.inventory(outside) == before)
        #expect(try tree.entry("kept") == 6)
    }

    private func root(_ words: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/\(words[0])")
        process.arguments = Array(words.dropFirst())
        try process.run()
        process.waitUntilExit()
    }

    @Test func `keeps what is closed to all others closed to the agent`() throws {
        try tree.make("key", mode: 0o600)
        tree.directory("private", mode: 0o700)
        try tree.make("private/inside", mode: 0o644)
        try tree.make("later", mode: 0o644)
        #expect(try tree.report(.grant).closed == 2)
        #expect(try tree.entry("key") == nil)
        #expect(try tree.entry("private/inside") == nil)

        // The developer closes a file the agent had, and opens it to their group again later.
        tree.stage.mode("\(tree.project)/later", 0o600)
        try tree.report(.grant)
        tree.stage.mode("\(tree.project)/later", 0o640)
        #expect(try tree.entry("later") == 0)
    }

    @Test func `closes secrets to the agent that others may read, unless they are shown`() throws {
        for name in [".env", "sub/.env.local", "sub/id_ed25519"] { try tree.make(name, SandboxStage.canary) }
        try tree.make(".env.example", SandboxStage.canary)
        tree.stage.mode(tree.stage.home, 0o755)
        let read = "cd \(tree.project); cat .env; cat sub/.env.local; cat sub/id_ed25519"
        #expect(try tree.shell(read, as: tree.stage.agent).output.contains(SandboxStage.canary), "the control")

        #expect(try tree.report(.grant).secrets == 3)
        #expect(try !tree.shell(read, as: tree.stage.agent).output.contains(SandboxStage.canary))
        #expect(try tree.shell(read, as: 64_388).output.contains(SandboxStage.canary), "only the agent is shut out")
        #expect(try tree.entry(".env.example") == 6)

        #expect(try tree.report(.grant, hidesSecrets: false).secrets == 0)
        #expect(try tree.shell(read, as: tree.stage.agent).output.contains(SandboxStage.canary))
    }

    @Test func `never widens what others have, where a list is there already`() throws {
        try tree.make("shared", mode: 0o640)
        let file = OwnedDescriptor(
            FileDescriptor(rawValue: unsafe open("\(tree.project)/shared", O_RDONLY | O_CLOEXEC))
        )
        let list = AccessList(entries: [.owner: 6, .user(8): 7, .owningGroup: 6, .mask: 4, .others: 0])
        let bytes = list.bytes
        try #require(
            unsafe dvm_set_attribute(file.raw.rawValue, AccessList.Kind.access.rawValue, bytes, bytes.count) == 0
        )
        try tree.report(.grant)
        #expect(
            try tree.list("shared").entries
                == [.owner: 6, .user(8): 4, .user(tree.stage.agent): 6, .owningGroup: 4, .mask: 6, .others: 0]
        )
    }

    // MARK: Hard trees

    @Test func `takes names of any bytes and length`() throws {
        let names: [[UInt8]] = [
            [UInt8](repeating: UInt8(ascii: "x"), count: 255), [0xFF, 0xFE, 0x80], Array("line\nfeed".utf8),
            Array("\u{1B}[2J".utf8), Array("-rf".utf8), [0x20], Array("...".utf8),
        ]
        for name in names {
            let path = Array("\(tree.project)/".utf8) + name + [0]
            let raw = unsafe path.withUnsafeBytes {
                unsafe open($0.assumingMemoryBound(to: CChar.self).baseAddress!, O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
            }
            try #require(raw >= 0)
            _ = fchown(raw, tree.stage.developer, tree.stage.developer)
            close(raw)
        }
        #expect(try tree.report(.grant).changed == names.count + 1)
        #expect(try tree.report(.grant) == AccessReport(seen: names.count))
    }

    @Test func `counts what it cannot open, and goes on`() throws {
        tree.directory("theirs", mode: 0o700, owner: 64_399)
        try tree.make("also-theirs", owner: 64_399)
        try tree.make("mine")
        let report = try tree.report(.grant)
        #expect(report.failed == 1)
        #expect(report.foreign == 1)
        #expect(try tree.entry("mine") == 6)
        #expect(try tree.entry("also-theirs") == nil)
    }

    @Test func `goes so far down and no further`() throws {
        var at = unsafe open(tree.project, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for _ in 0..<300 {
            _ = unsafe mkdirat(at, "d", 0o755)
            let next = unsafe openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            _ = fchown(next, tree.stage.developer, tree.stage.developer)
            close(at)
            at = next
        }
        close(at)
        let report = try tree.report(.grant)
        #expect(report.deep == 1)
        #expect(report.changed == AccessWalk.mostLevels + 1)
        #expect(report.notes.contains { $0.weight == .warning })
    }

    @Test func `is refused where there are no access lists`() throws {
        guard case .refused(let refusal) = try tree.walk(.grant, on: "/proc/sys/kernel") else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.message.contains("no access lists"))
        #expect(refusal.hint?.contains("ext4") == true)
    }

    @Test func `is not made by root`() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Products.path("dvm-guest"))
        let order = AccessOrder(job: .grant, agent: 1, agentGroup: 1, group: 1, hidesSecrets: true)
        process.arguments = ["access", String(decoding: try JSON.encode(order), as: UTF8.self)]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text.contains("not by root"))
    }
}
