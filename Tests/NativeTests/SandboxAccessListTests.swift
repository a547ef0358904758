import CLinux
import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `Shutting the agent out of a home` {
    let stage: SandboxStage
    init() throws { stage = try SandboxStage() }

    private func deny() throws -> Bool {
        let home = try PinnedDirectory(stage.home, called: "the home")
        return try AccessList.deny(uid: stage.agent, on: home.descriptor.raw, path: stage.home)
    }

    private func list() throws -> AccessList {
        let home = try PinnedDirectory(stage.home, called: "the home")
        return try AccessList.read(home.descriptor.raw, stage.home)
    }

    private func canEnter(_ uid: UInt32) throws -> Bool {
        try SandboxRun.run(stage.plain(["ls", stage.home], as: uid)).exit == .exited(0)
    }

    @Test func `closes it to the agent and to nobody else`() throws {
        stage.mode(stage.home, 0o755)
        #expect(try canEnter(stage.agent), "the control")
        #expect(try deny())
        #expect(try !canEnter(stage.agent))
        #expect(try canEnter(stage.developer))
        #expect(try canEnter(64_388))
    }

    @Test func `covers what appears later`() throws {
        stage.mode(stage.home, 0o755)
        #expect(try deny())
        try Data("new".utf8).write(to: URL(fileURLWithPath: "\(stage.home)/later"))
        #expect(
            try SandboxRun.run(stage.plain(["cat", "\(stage.home)/later"], as: stage.agent)).output.contains("denied")
        )
        #expect(try SandboxRun.run(stage.plain(["cat", "\(stage.home)/later"], as: 64_388)).output == "new")
    }

    @Test func `changes nothing the second time`() throws {
        #expect(try deny())
        let once = try list()
        #expect(try !deny())
        #expect(try list() == once)
    }

    @Test(arguments: [0o710, 0o750, 0o755, 0o711, 0o770] as [mode_t])
    func `leaves the mode as it was`(mode: mode_t) throws {
        stage.mode(stage.home, mode)
        #expect(try deny())
        #expect(Status.of(FilePath(stage.home))?.permissions.rawValue == mode)
    }

    /// A home that other tools gave a list already.
    @Test func `neither narrows nor widens what others were given`() throws {
        let before = AccessList(entries: [
            .owner: 7, .owningGroup: 7, .others: 0, .mask: 5, .user(64_390): 7, .group(64_391): 4, .user(64_302): 5,
        ])
        let after = before.denying(64_302)
        #expect(after.entries == before.entries.merging([.user(64_302): 0]) { $1 })
    }

    @Test func `makes a mask that takes nothing from the group`() {
        let list = AccessList(entries: [.owner: 7, .owningGroup: 5, .others: 1]).denying(9)
        #expect(list.entries == [.owner: 7, .owningGroup: 5, .others: 1, .user(9): 0, .mask: 5])
    }

    @Test func `keeps what an owner narrowed by chmod narrow`() throws {
        stage.mode(stage.home, 0o750)
        #expect(try deny())
        stage.mode(stage.home, 0o710)
        #expect(try !deny())
        #expect(Status.of(FilePath(stage.home))?.permissions.rawValue == 0o710)
    }

    /// The kernel does not look at a list whose mask is empty.
    @Test func `holds in a home that is closed now and opened to others later`() throws {
        stage.mode(stage.home, 0o700)
        #expect(try deny())
        let mode = try #require(Status.of(FilePath(stage.home))).permissions.rawValue
        stage.mode(stage.home, mode | 0o005)
        #expect(try !canEnter(stage.agent))
        #expect(try canEnter(64_388), "the control")
    }

    @Test func `gives nobody what an empty mask held back`() {
        let list = AccessList(entries: [.owner: 7, .owningGroup: 5, .mask: 0, .user(8): 7, .others: 0]).denying(9)
        #expect(list.entries == [.owner: 7, .owningGroup: 0, .mask: 1, .user(8): 0, .user(9): 0, .others: 0])
    }

    @Test func `takes a file system without lists for one without entries, and nothing else`() throws {
        let proc = try PinnedDirectory("/proc/sys/kernel", called: "it")
        #expect(try AccessList.readIfAny(proc.descriptor.raw, "it") == nil)
        #expect(throws: Refusal.self) { _ = try AccessList.readIfAny(FileDescriptor(rawValue: 1 << 20), "it") }
    }

    @Test func `says so where there are no access lists`() throws {
        let proc = try PinnedDirectory("/proc/sys", called: "a directory of the kernel")
        #expect(throws: Refusal.self) {
            try AccessList.deny(uid: 5, on: proc.descriptor.raw, path: "/proc/sys")
        }
    }
}
