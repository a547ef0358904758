internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Calls of git on repositories that strangers wrote, several at a time: none of them can start another program.
///
/// Two walls. git is given a git directory of our making (`StandIn`), so it reads no setting of the repository's. And the
/// kernel lets its process start no other one and write no file, whatever it reads.
enum LoneGit {
    /// A question to git.
    struct Call {
        /// What it is asked.
        var words: [String]
        /// The git directory, of our making.
        var repository: FilePath
        /// Opens the directory it runs in.
        var directory: () -> OwnedDescriptor?
        /// Whether that directory is the work tree.
        var hasWorkTree: Bool
        /// Variables beside those every call gets.
        var variables: [String] = []
        /// The bytes of the largest file it may write; most calls write none.
        var mostWritten: UInt = 0
        /// Takes its output as it comes.
        var take: (ArraySlice<UInt8>) -> Void
    }

    /// How a call ended.
    enum Ending: Hashable {
        case exited(Exit)
        /// There was no directory, program or process for it.
        case notStarted
        /// It was ended, because it took too long.
        case tooSlow
    }

    /// Answers the calls, `width` at a time.
    ///
    /// - Parameters:
    ///   - calls: what is asked.
    ///   - width: how many run at a time.
    ///   - limit: how long one may take.
    ///   - deadline: when all must be over.
    /// - Returns: how each of them ended.
    /// - Throws: a `Refusal` when the kernel has no stream for us.
    static func run(
        _ calls: [Call],
        width: Int,
        limit: Duration,
        deadline: ContinuousClock.Instant
    ) throws(Refusal) -> [Ending] {
        var endings = [Ending](repeating: .notStarted, count: calls.count)
        var running: [Running] = []
        defer { for call in running { call.end() } }
        var next = 0
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while next < calls.count || !running.isEmpty {
            while running.count < width, next < calls.count {
                if ContinuousClock.now >= deadline {
                    endings[next] = .tooSlow
                } else if let call = try Running(calls[next], index: next, limit: limit) {
                    running.append(call)
                }
                next += 1
            }
            guard !running.isEmpty else { continue }
            var poll = PollSet()
            for call in running { poll.add(call.output, .read) }
            let first = min(deadline, running.map(\.deadline).min() ?? deadline)
            try poll.wait(milliseconds: Int32(max(1, ContinuousClock.now.duration(to: first) / .milliseconds(1))))
            let now = ContinuousClock.now
            var left: [Running] = []
            for (place, call) in running.enumerated() {
                var isOver = false
                if poll.found(place) {
                    reading: while true {
                        switch Reading.from(call.output, into: &buffer) {
                        case .bytes(let bytes): calls[call.index].take(bytes)
                        case .nothing: break reading
                        case .end:
                            isOver = true
                            break reading
                        }
                        // One that never stops talking has an end, too.
                        if ContinuousClock.now >= min(deadline, call.deadline) { break }
                    }
                }
                if isOver {
                    endings[call.index] = .exited(call.wait())
                } else if now >= min(deadline, call.deadline) {
                    call.end()
                    endings[call.index] = .tooSlow
                } else {
                    left.append(call)
                }
            }
            running = left
        }
        return endings
    }

    /// Where git is.
    static let program = "/usr/bin/git"

    /// Whether there is a git.
    static var isInstalled: Bool { Status.of(FilePath(program)) != nil }

    /// Exactly the variables git gets.
    private static func environment(_ call: Call) -> [String] {
        [
            "PATH=/nonexistent", "HOME=/nonexistent", "LANG=C.UTF-8", "GIT_DIR=\(call.repository)",
            "GIT_EXEC_PATH=/nonexistent", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
            "GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=none",
            "GIT_NO_LAZY_FETCH=1", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_REPLACE_OBJECTS=1", "GIT_PAGER=cat",
        ] + (call.hasWorkTree ? ["GIT_WORK_TREE=."] : []) + call.variables
    }

    /// A call that was started.
    private final class Running {
        let index: Int
        let deadline: ContinuousClock.Instant
        private let pid: pid_t
        private let pipe: OwnedDescriptor

        var output: FileDescriptor { pipe.raw }

        /// Memory of its own: what a repository of this size never needs.
        private static let mostMemory: UInt = 2 << 30

        init?(_ call: Call, index: Int, limit: Duration) throws(Refusal) {
            guard let directory = call.directory() else { return nil }
            let streams = try Streams.fromChild()
            let null = OwnedDescriptor(
                FileDescriptor(
                    rawValue: try dvm_guest.call("opening /dev/null") { unsafe open("/dev/null", O_RDWR | O_CLOEXEC) }
                )
            )
            let words = ArgumentList(["git", "--no-pager", "--no-optional-locks", "--literal-pathspecs"] + call.words)
            let environment = ArgumentList(LoneGit.environment(call))
            let started = unsafe dvm_start_alone(
                LoneGit.program,
                words.pointer,
                environment.pointer,
                directory.raw.rawValue,
                null.raw.rawValue,
                streams.theirs.raw.rawValue,
                Self.mostMemory,
                call.mostWritten
            )
            guard started > 0 else { return nil }
            pid = started
            pipe = streams.ours
            self.index = index
            deadline = ContinuousClock.now + limit
        }

        /// Ends it, if it has not yet.
        func end() {
            kill(pid, SIGKILL)
            _ = wait()
        }

        func wait() -> Exit {
            var status: Int32 = 0
            while unsafe waitpid(pid, &status, 0) == -1, errno == EINTR {}
            let signal = UInt8(status & 0x7F)
            return signal == 0 ? .exited(UInt8(truncatingIfNeeded: status >> 8)) : .signaled(signal)
        }
    }
}
