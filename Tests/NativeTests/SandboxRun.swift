import CLinux
import DVMProtocol
import Glibc
import TestSupport

@testable import dvm_guest

/// A process of the built guest program that was ordered to become something.
final class SandboxRun {
    /// What came of it.
    struct Outcome: Equatable {
        /// Whether it said that the program runs.
        var opened = false
        var refusal: Refusal?
        var output = ""
        var exit: Exit?
    }

    let pid: pid_t
    private let report: FileDescriptor
    private let output: FileDescriptor
    private var decoder = FrameDecoder(from: .guest)
    private var reportOpen = true
    private var outputOpen = true
    private(set) var outcome = Outcome()

    /// Starts `dvm-guest enter`, or a program that becomes that, and gives it its order unless it is to wait for it.
    init(_ spawn: Spawn?, with words: [String]? = nil) throws {
        let terminal = spawn?.terminal ?? false
        let report = try Streams.bothWays()
        let streams =
            try terminal
            ? Streams.terminal(TerminalSize(columns: 80, rows: 24), owner: 64_302) : Streams.fromChild()
        let null = OwnedDescriptor(FileDescriptor(rawValue: unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)))
        let words = try words ?? [Products.path("dvm-guest"), "enter"]

        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        let input = terminal ? streams.theirs.raw : null.raw
        for (place, descriptor) in [input, streams.theirs.raw, streams.theirs.raw, report.theirs.raw].enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor.rawValue, Int32(place))
        }
        // As `serve` does.
        unsafe posix_spawnattr_setflags(&attributes, Int16(dvm_posix_spawn_setsid))
        let arguments = ArgumentList(words)
        let environment = ArgumentList(["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        var pid: pid_t = 0
        let error = unsafe posix_spawn(&pid, words[0], &actions, &attributes, arguments.pointer, environment.pointer)
        unsafe posix_spawn_file_actions_destroy(&actions)
        unsafe posix_spawnattr_destroy(&attributes)
        guard error == 0 else { throw MissingPrerequisite("\(words[0]) cannot be started: \(Errno(rawValue: error))") }
        self.pid = pid
        self.report = try Streams.duplicate(report.ours.raw).release()
        output = try Streams.duplicate(streams.ours.raw).release()
        if let spawn { try order(spawn) }
    }

    deinit {
        // Only while it has not been waited for: afterwards the number may be somebody else's.
        if outcome.exit == nil {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        try? report.close()
        try? output.close()
    }

    /// Says what to become.
    func order(_ spawn: Spawn) throws { try report.writeAll(Frame(.open, channel: 0, json: spawn).bytes) }

    /// Types into the terminal.
    func type(_ text: String) throws { try output.writeAll(text.utf8) }

    /// Reads until a condition holds.
    func wait(until condition: (Outcome) -> Bool) throws {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while !condition(outcome), reportOpen || outputOpen {
            var poll = PollSet()
            if reportOpen { poll.add(report, .read) }
            if outputOpen { poll.add(output, .read) }
            try poll.wait(milliseconds: 30_000)
            let quiet = !poll.ready(report, .read) && !poll.ready(output, .read)
            guard !quiet else { throw Silence(outcome: outcome) }
            if reportOpen, poll.ready(report, .read) { try readReport(&buffer) }
            if outputOpen, poll.ready(output, .read) {
                switch Reading.from(output, into: &buffer) {
                case .bytes(let bytes): outcome.output += String(decoding: bytes, as: UTF8.self)
                case .nothing: break
                case .end: outputOpen = false
                }
            }
        }
    }

    private func readReport(_ buffer: inout [UInt8]) throws {
        switch Reading.from(report, into: &buffer) {
        case .bytes(let bytes):
            decoder.feed(bytes)
            while let frame = try decoder.next() {
                if frame.kind == .opened { outcome.opened = true }
                if frame.kind == .refused { outcome.refusal = try frame.json(Refusal.self) }
            }
        case .nothing: break
        case .end: reportOpen = false
        }
    }

    /// Whether it has become the program: it said so, and let go of the report.
    var runs: Bool { outcome.opened && !reportOpen && outcome.refusal == nil }

    /// Reads to the end and waits for the process.
    func finish() throws -> Outcome {
        try wait { _ in false }
        var status: Int32 = 0
        unsafe waitpid(pid, &status, 0)
        outcome.exit =
            status & 0x7F == 0
            ? .exited(UInt8(truncatingIfNeeded: status >> 8)) : .signaled(UInt8(status & 0x7F))
        return outcome
    }

    /// Runs an order to its end.
    static func run(_ spawn: Spawn, with words: [String]? = nil) throws -> Outcome {
        try SandboxRun(spawn, with: words).finish()
    }

    /// What the probe found, among what else a terminal shows.
    static func facts(_ spawn: Spawn) throws -> SandboxFacts {
        let output = try run(spawn).output
        guard let start = output.firstIndex(of: "{"), let end = output.lastIndex(of: "}") else {
            throw MissingPrerequisite("the probe said nothing but: \(output)")
        }
        return try JSON.decode(SandboxFacts.self, from: Array(output[start...end].utf8))
    }

    /// Nothing was heard for long.
    struct Silence: Error { var outcome: Outcome }
}
