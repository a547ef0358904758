import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

@Suite(.serialized) struct `Sessions that start at the same moment` {
    private func site(_ stage: GuardStage, telling tell: @escaping (SessionNote) -> Void = { _ in }) throws
        -> SessionSite
    {
        try SessionSite(of: stage.agent, in: stage.group, telling: tell)
    }

    /// A process that holds a lock for some seconds.
    private func holder(of path: FilePath) throws -> Process {
        let holder = Process()
        holder.executableURL = URL(filePath: "/usr/bin/flock")
        holder.arguments = ["\(path)", "sh", "-c", "echo held; sleep 3"]
        let output = Pipe()
        holder.standardOutput = output
        try holder.run()
        #expect(output.fileHandleForReading.availableData == Data("held\n".utf8))
        return holder
    }

    @Test func `do not wait for each other in different projects`() throws {
        let (one, other) = (try GuardStage(), try GuardStage())
        var told: [SessionNote] = []
        let lock = try StartLock.take(at: site(one))
        let place = try site(other) { told.append($0) }
        let notes = try GuardStage.supervised { try ProjectGuard.make(at: place).end() }
        #expect(told == [] && notes == [])
        _ = consume lock
    }

    @Test func `wait for each other in one project, and say so`() throws {
        let (one, other) = (try GuardStage(), try GuardStage())
        let beside = GuardStage(beside: one)
        var told: [SessionNote] = []
        // Its directory is made with the first one.
        _ = try StartLock.take(at: site(other))
        let path = try StartLock.path(of: FileIdentity(site(one).project.status))
        let holder = try holder(of: path)
        let place = try site(beside) { told.append($0) }
        _ = try GuardStage.supervised { try ProjectGuard.make(at: place).end() }
        let text = """
            waiting for another session that starts in \(one.stage.project): before that, the project is looked through, \
            which takes minutes when there are millions of files in it
            """
        #expect(told == [SessionNote(.notice, text)])
        #expect(!holder.isRunning, "it did not wait")
        holder.waitUntilExit()
    }

    @Test func `say that they wait for what an older one left to be looked at`() throws {
        let (one, other) = (try GuardStage(), try GuardStage())
        for stage in [one, other] {
            var agent = stage.agent
            agent.pinned = try FileIdentity(site(stage).project.status)
            try PendingReview(agent: agent, before: Inventory(), clock: ChangeClock()).keep()
        }
        var told: [SessionNote] = []
        let file = Orphans.lockFile(of: one.session)
        // Their directory is made with the first lock.
        _ = try Orphans.lock(file) { told.append($0) }
        let holder = try holder(of: file)

        // One of another project waits for nobody.
        _ = try Orphans.lock(Orphans.lockFile(of: other.session)) { told.append($0) }
        #expect(told == [] && holder.isRunning)

        // Who waited for it once does not wait again, and is not told to remove what somebody else is looking at.
        let again = try Orphans.lock(file, within: .zero) { told.append($0) } != nil
        #expect(!again && told == [] && holder.isRunning)
        let busy = Orphans.text(Orphans.Left(session: one.session, project: nil, reason: .busy))
        #expect(busy == "somebody else is looking at what it left in the project at the moment")

        let lock = try Orphans.lock(file) { told.append($0) }
        _ = consume lock
        let text = "waiting until somebody else has looked at what another session left in its project"
        #expect(told == [SessionNote(.notice, text)])
        #expect(!holder.isRunning, "it did not wait")
        holder.waitUntilExit()
        _ = try Orphans.lock(file) { told.append($0) }
        #expect(told.count == 1)
    }

    /// One in a directory of the other has a lock of its own, and neither was there when the other looked.
    @Test func `do not both go on when one project is inside the other`() throws {
        let stage = try GuardStage()
        try stage.developer("mkdir sub")
        let inner = GuardStage(beside: stage)
        var agent = inner.agent
        agent.project += "/sub"
        let scratch = ScratchDirectory()
        let pending = PendingReview(agent: agent, before: Inventory(), clock: ChangeClock())
        try scratch.write(String(decoding: JSON.encode(pending), as: UTF8.self), to: "review.json")
        // While the outer project is looked through, the inner session becomes one that others find.
        let directory = "\(PendingReview.root)/\(inner.session)"
        let script = """
            #!/bin/sh
            mkdir -p \(directory); cp \(scratch.path)/review.json \(directory)/review.json
            exec \(try Products.path("dvm-guest")) "$@"
            """
        try scratch.write(script, to: "guest")
        let program = "\(scratch.path)/guest"
        #expect(unsafe chmod(program, 0o755) == 0)
        let refusal = #expect(throws: Refusal.self) {
            _ = try Entering.$program.withValue(program) { try ProjectGuard.make(at: site(stage)) }
        }
        let message = refusal?.message ?? "none"
        #expect(message.hasPrefix("session \(inner.session) in \(agent.project) has not ended, and"), "\(message)")
        #expect(!PendingReview.sessions().contains(stage.session))
    }
}
