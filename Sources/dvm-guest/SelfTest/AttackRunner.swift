internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Tries attacks, each in a process of its own, some at a time.
struct AttackRunner {
    let ground: AttackGround
    var place: Attack.Place?
    var ownMounts = false

    /// Most of them wait for the kernel or for a process to start.
    private static let atOnce = 4

    /// Far more than any takes, also in an emulated VM.
    private static let patience = Duration.seconds(15)

    /// The answers by name.
    func run(_ attacks: [Attack]) throws(Refusal) -> [String: AttackAnswer] {
        var answers = try run(attacks.filter { !$0.isAlone }.map(\.name), atOnce: Self.atOnce)
        for attack in attacks where attack.isAlone { answers.merge(try run([attack.name], atOnce: 1)) { $1 } }
        return answers
    }

    private func run(_ names: [String], atOnce: Int) throws(Refusal) -> [String: AttackAnswer] {
        var answers: [String: AttackAnswer] = [:]
        var waiting = names[...]
        var running: [Attempt] = []
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < atOnce, let name = waiting.popFirst() { running.append(try start(name)) }
            var poll = PollSet()
            for attempt in running { poll.add(attempt.output, .read) }
            try poll.wait(milliseconds: 200)
            running = running.filter { attempt in
                if poll.ready(attempt.output, .read), !attempt.read() { return true }
                guard attempt.isOver || attempt.deadline < .now else { return true }
                answers[attempt.name] = attempt.finish()
                return false
            }
        }
        return answers
    }

    private func start(_ name: String) throws(Refusal) -> Attempt {
        let words =
            ["dvm-guest", "attack", "--name", name] + (place.map { ["--traces", $0.rawValue] } ?? [])
            + (ownMounts ? ["--own-mounts"] : []) + [String(decoding: try JSON.encode(ground), as: UTF8.self)]
        let output = try Streams.fromChild()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.theirs.raw.rawValue, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        let arguments = ArgumentList(words)
        let environment = ArgumentList(["PATH=/usr/bin:/bin", "LANG=C.UTF-8"])
        var pid: pid_t = 0
        let error = unsafe posix_spawn(
            &pid,
            "/proc/self/exe",
            &actions,
            nil,
            arguments.pointer,
            environment.pointer
        )
        guard error == 0 else { throw Refusal("starting an attack: \(Errno(rawValue: error))") }
        return Attempt(
            name: name,
            pid: pid,
            output: try Streams.duplicate(output.ours.raw).release(),
            deadline: .now + Self.patience
        )
    }

    /// One that runs.
    private final class Attempt {
        let name: String
        let pid: pid_t
        let output: FileDescriptor
        let deadline: ContinuousClock.Instant
        private(set) var isOver = false
        private var said: [UInt8] = []
        private var buffer = [UInt8](repeating: 0, count: 4096)

        init(name: String, pid: pid_t, output: FileDescriptor, deadline: ContinuousClock.Instant) {
            self.name = name
            self.pid = pid
            self.output = output
            self.deadline = deadline
        }

        deinit { try? output.close() }

        /// Takes in what it said; whether that was all.
        func read() -> Bool {
            while true {
                switch Reading.from(output, into: &buffer) {
                case .bytes(let bytes): said += bytes.prefix(max(0, 64 * 1024 - said.count))
                case .nothing: return false
                case .end:
                    isOver = true
                    return true
                }
            }
        }

        /// Its answer; it is ended where it has not.
        func finish() -> AttackAnswer {
            // Not waited for yet, so the number is still its.
            if !isOver { kill(pid, SIGKILL) }
            var status: Int32 = 0
            while unsafe waitpid(pid, &status, 0) == -1, errno == EINTR {}
            guard isOver else { return .unclear("no end within \(AttackRunner.patience)") }
            // How the filter ends a process that calls in another ABI.
            if status & 0x7F == SIGSYS { return .refused("SIGSYS") }
            if status & 0x7F != 0 { return .unclear("signal \(status & 0x7F)") }
            return (try? JSON.decode(AttackAnswer.self, from: said)) ?? .unclear("status \(status >> 8)")
        }
    }
}
