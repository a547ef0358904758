import DVMProtocol
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import dvm_guest

/// A tree that swaps, as fast as it can, a directory for a link to one outside, and a file for a second name of one.
///
/// The files outside are the developer's too, so nothing but the walk protects them.
@Suite(.serialized) struct `A hostile tree during a walk` {
    let tree: AccessStage
    private let outside: String

    init() throws {
        tree = try AccessStage()
        outside = "\(tree.stage.top)/outside"
        for directory in [outside, "\(tree.project)/swapped"] {
            _ = unsafe mkdir(directory, 0o755)
            tree.stage.own(directory, tree.stage.developer)
            for number in 0..<40 {
                let path = "\(directory)/file\(number)"
                try Data("x".utf8).write(to: URL(fileURLWithPath: path))
                tree.stage.own(path, tree.stage.developer)
            }
        }
        try tree.make("name")
        for number in 0..<20 { try tree.make("around\(number)/file") }
    }

    /// The files outside that have an entry for the agent, and the directory they are in.
    private func hits() throws -> Int {
        try ([outside] + FileManager.default.contentsOfDirectory(atPath: outside).map { "\(outside)/\($0)" }).count {
            try tree.entry($0) != nil
        }
    }

    /// Walks again and again while another thread swaps.
    ///
    /// - Returns: how many files outside were hit.
    private func race(_ seconds: Double, untilHit: Bool = false, _ walk: () throws -> Void) throws -> Int {
        let group = DispatchGroup()
        let swapper = Swapper(project: tree.project, outside: outside)
        group.enter()
        Thread.detachNewThread {
            swapper.run()
            group.leave()
        }
        defer {
            swapper.stop()
            group.wait()
        }
        let end = ContinuousClock.now + .seconds(seconds)
        var hits = 0
        var walks = 0
        while ContinuousClock.now < end {
            try walk()
            walks += 1
            hits += try self.hits()
            if untilHit, hits > 0 { break }
        }
        try #require(untilHit || walks >= 2, "too slow for a race")
        return hits
    }

    private static let seconds = ProcessInfo.processInfo.environment["DVM_RACE_SECONDS"].flatMap(Double.init) ?? 3

    @Test func `never leads it outside`() throws {
        #expect(
            try race(Self.seconds) {
                try tree.report(.grant)
                // So that the next one finds all of it to do again.
                if Bool.random(), try hits() == 0 { try tree.report(.withdraw) }
            } == 0
        )
    }

    /// The control: what goes by path is led outside, by the same tree in the same time or a little more.
    @Test func `leads what goes by path outside`() throws {
        let control = { () throws in
            for change in ["-m", "-x"] {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
                let entry = "u:\(tree.stage.agent)" + (change == "-m" ? ":rwX" : "")
                process.arguments = [
                    "--reuid", "\(tree.stage.developer)", "--regid", "\(tree.stage.developer)", "--clear-groups",
                    "/usr/bin/setfacl", "-R", change, entry, tree.project,
                ]
                process.standardError = FileHandle.nullDevice
                try process.run()
                process.waitUntilExit()
                if try hits() > 0 { return }
            }
        }
        #expect(try race(60, untilHit: true, control) > 0)
    }
}

/// The hostile part: what an agent can do in a directory it may write.
private final class Swapper: Sendable {
    private let project: String
    private let outside: String
    private let stopped = Atomic(false)

    init(project: String, outside: String) {
        self.project = project
        self.outside = outside
    }

    func stop() { stopped.store(true, ordering: .relaxed) }

    func run() {
        var number = 0
        while !stopped.load(ordering: .relaxed) {
            number = (number + 1) % 40
            _ = unsafe rename("\(project)/swapped", "\(project)/away")
            _ = unsafe symlink(outside, "\(project)/swapped")
            _ = unsafe unlink("\(project)/name")
            _ = unsafe link("\(outside)/file\(number)", "\(project)/name")
            usleep(50)
            _ = unsafe unlink("\(project)/swapped")
            _ = unsafe rename("\(project)/away", "\(project)/swapped")
            _ = unsafe unlink("\(project)/name")
            let raw = unsafe open("\(project)/name", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
            if raw >= 0 { close(raw) }
            usleep(50)
        }
    }
}
