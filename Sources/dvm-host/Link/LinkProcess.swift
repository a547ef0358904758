internal import DVMProtocol
internal import Dispatch
internal import Synchronization

/// The program at our end of a link, usually `limactl shell`, with pipes for its three streams.
///
/// Started here and not by Subprocess: it must outlive any scope, be in a process group of its own so that Ctrl-C in the
/// terminal does not cut the link, and its streams are waited for together with the terminal in one loop.
final class LinkProcess {
    /// We write, it reads.
    private(set) var input: FileDescriptor?
    /// It writes, we read.
    let output: FileDescriptor
    /// It complains, we read.
    let errors: FileDescriptor
    private let pid: pid_t
    private var status: Exit?

    /// Starts a program.
    ///
    /// - Throws: a `Refusal` when it cannot be started.
    convenience init(_ command: GuestCommand) throws(Refusal) {
        let started: Started
        do {
            started = try Self.starting.withLock { _ in try Self.start(command) }
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal("cannot make a pipe: \(error)")
        }
        self.init(started)
    }

    /// Passed while a program is started: another one must not inherit a pipe before that is marked, and keep a link
    /// open that should end.
    ///
    /// What Subprocess starts at the same time closes by itself what it was not given.
    private static let starting = Mutex(())

    private struct Started {
        var pid: pid_t
        var input: FileDescriptor
        var output: FileDescriptor
        var errors: FileDescriptor
    }

    private init(_ started: Started) {
        pid = started.pid
        input = started.input
        output = started.output
        errors = started.errors
    }

    private static func start(_ command: GuestCommand) throws -> Started {
        // A reader that is gone, this program or whoever reads our output, is seen where the write fails.
        signal(SIGPIPE, SIG_IGN)
        let input = try pipe()
        let output = try pipe()
        let errors = try pipe()
        var settings = SpawnSettings()
        settings.place(input.reader, at: 0)
        settings.place(output.writer, at: 1)
        settings.place(errors.writer, at: 2)
        settings.separateGroup()
        let words = [command.executable.string] + command.arguments
        let variables = command.environment.map { "\($0.key)=\($0.value)" }
        let pid = try settings.spawn(command.executable, words, environment: variables)
        try [input.reader, output.writer, errors.writer].forEach { try $0.close() }
        // These ends of the pipes are ours alone.
        _ = fcntl(input.writer.rawValue, F_SETFL, O_NONBLOCK)
        return Started(pid: pid, input: input.writer, output: output.reader, errors: errors.reader)
    }

    deinit {
        endInput()
        try? output.close()
        try? errors.close()
        guard status == nil else { return }
        // The end of its input would end it, unless the guest keeps it waiting: a stranger does not decide how long a
        // program of ours lives. Its group is its own; ssh's master has left it.
        kill(-pid, SIGTERM)
        // Nobody has to wait for it, but somebody has to take note of its end.
        DispatchQueue.global().async { [pid] in waitpid(pid, nil, 0) }
    }

    /// Closes its standard input, which ends a guest's `serve`.
    func endInput() {
        try? input?.close()
        input = nil
    }

    /// Waits for its end, for a while, and makes an end of it after that.
    ///
    /// What it left on its error pipe may be held open by ssh's master for ever, so nobody waits for an end of file there.
    func wait(milliseconds: Int = 5000) -> Exit {
        if let status { return status }
        let deadline = ContinuousClock.now + .milliseconds(milliseconds)
        var raw: Int32 = 0
        while unsafe waitpid(pid, &raw, WNOHANG) == 0 {
            if ContinuousClock.now > deadline { kill(pid, SIGKILL) }
            usleep(2000)
        }
        let signal = UInt8(raw & 0x7F)
        let exit: Exit = signal == 0 ? .exited(UInt8(truncatingIfNeeded: raw >> 8)) : .signaled(signal)
        status = exit
        return exit
    }

    private static func pipe() throws -> (reader: FileDescriptor, writer: FileDescriptor) {
        let (reader, writer) = try FileDescriptor.pipe()
        // Not atomic with the pipe, which macOS has no call for; see `starting`.
        for end in [reader, writer] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        return (reader, writer)
    }
}
