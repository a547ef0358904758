import Foundation

/// A program that was started by a test, with pipes for its streams or with a terminal.
final class RunningProgram {
    let pid: pid_t
    private let words: [String]
    private var input: Int32
    private let streams: [Int32]
    private var status: Int32?

    /// What a program came to.
    struct Outcome {
        /// Its code, or 128 and the signal that ended it.
        var status: Int32
        var output: [UInt8] = []
        var errors: [UInt8] = []

        var text: String { String(decoding: output, as: UTF8.self) }
        var complaint: String { String(decoding: errors, as: UTF8.self) }
        var lines: [String] { text.split(whereSeparator: \.isNewline).map(String.init) }
    }

    /// Starts a program, found by its absolute path or on the tests' own `PATH`.
    init(_ words: [String], environment: [String: String]) throws {
        self.words = words
        let (input, output, errors) = (try Self.pipe(), try Self.pipe(), try Self.pipe())
        defer { [input.reader, output.writer, errors.writer].forEach { close($0) } }
        pid = try unsafe Self.spawn(words, environment) { actions in
            unsafe posix_spawn_file_actions_adddup2(actions, input.reader, 0)
            unsafe posix_spawn_file_actions_adddup2(actions, output.writer, 1)
            unsafe posix_spawn_file_actions_adddup2(actions, errors.writer, 2)
        }
        self.input = input.writer
        streams = [output.reader, errors.reader]
        for descriptor in streams + [input.writer] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    /// Starts a program as the leader of a terminal's session.
    init(_ words: [String], environment: [String: String], terminal path: String) throws {
        self.words = words
        input = -1
        streams = []
        pid = try unsafe Self.spawn(words, environment, leadsSession: true) { actions in
            // The first terminal a session's leader opens becomes its controlling one.
            unsafe posix_spawn_file_actions_addopen(actions, 0, path, O_RDWR, 0)
            unsafe posix_spawn_file_actions_adddup2(actions, 0, 1)
            unsafe posix_spawn_file_actions_adddup2(actions, 0, 2)
        }
    }

    deinit {
        if status == nil {
            signal(SIGKILL)
            waitpid(pid, nil, 0)
        }
        (streams + [input]).filter { $0 >= 0 }.forEach { close($0) }
    }

    /// Sends a signal, unless it has ended.
    func signal(_ number: Int32) {
        // Zero and -1 would be this process's group and everybody.
        precondition(pid > 1)
        if status == nil { kill(pid, number) }
    }

    /// Whether it has ended, and how.
    func poll() -> Int32? {
        guard status == nil else { return status }
        var raw: Int32 = 0
        guard unsafe waitpid(pid, &raw, WNOHANG) == pid else { return nil }
        // wait(2)'s macros: the low seven bits are a signal, 0 for an exit, whose code is in the next byte.
        status = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + raw & 0x7F
        return status
    }

    /// Feeds it, takes in what it writes, and waits for its end.
    ///
    /// What it leaves behind may hold its streams open for ever, so its end is what counts and not theirs.
    ///
    /// Where standard output is taken as it comes, it is not kept.
    ///
    /// - Throws: `TookTooLong` with what was seen until then.
    func finish(
        input bytes: [UInt8] = [],
        within limit: Duration = .seconds(120),
        taking: (([UInt8]) throws -> Void)? = nil
    ) throws -> Outcome {
        try follow(input: bytes, within: limit, taking: taking, until: nil)
    }

    /// Waits until it has written something, and leaves it running, with the status -1; or for its end.
    ///
    /// - Throws: `TookTooLong` with what was seen until then.
    func writes(
        typing bytes: [UInt8] = [],
        within limit: Duration = .seconds(120),
        _ done: @escaping (Outcome) -> Bool
    ) throws -> Outcome {
        try follow(input: bytes, within: limit, taking: nil, until: done)
    }

    private func follow(
        input bytes: [UInt8],
        within limit: Duration,
        taking: (([UInt8]) throws -> Void)?,
        until: ((Outcome) -> Bool)?
    ) throws -> Outcome {
        var outcome = Outcome(status: -1)
        var rest = bytes[...]
        let deadline = ContinuousClock.now + limit
        while true {
            let ended = poll() != nil
            if rest.isEmpty, input >= 0, until == nil { closeInput() }
            try wait(wantsInput: !rest.isEmpty, milliseconds: ended ? 0 : 20)
            if !rest.isEmpty { feed(&rest) }
            let news = try take(streams[0]) { bytes in
                if let taking { try taking(bytes) } else { outcome.output += bytes }
            }
            let talk = try take(streams[1]) { outcome.errors += $0 }
            if news || talk, until?(outcome) == true { return outcome }
            if ended, !news, !talk {
                outcome.status = status ?? -1
                return outcome
            }
            if ContinuousClock.now > deadline {
                throw TookTooLong(words: words, limit: limit, seen: outcome.text + outcome.complaint)
            }
        }
    }

    /// Ends its standard input.
    func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    // MARK: Streams

    private func wait(wantsInput: Bool, milliseconds: Int32) throws {
        var set = streams.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        if wantsInput, input >= 0 { set.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0)) }
        let count = unsafe Foundation.poll(&set, nfds_t(set.count), milliseconds)
        // A stream at its end is always ready.
        if count > 0, !set.contains(where: { $0.revents & Int16(POLLIN | POLLOUT) != 0 }) { usleep(5000) }
    }

    private func feed(_ rest: inout ArraySlice<UInt8>) {
        guard input >= 0 else { return rest.removeAll() }
        let count = unsafe rest.withUnsafeBytes { unsafe write(input, $0.baseAddress, min($0.count, 1 << 16)) }
        if count > 0 {
            rest.removeFirst(count)
        } else if errno != EAGAIN {
            rest.removeAll()
        }
    }

    private func take(_ descriptor: Int32, _ body: ([UInt8]) throws -> Void) throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return false }
        try body(Array(buffer[..<count]))
        return true
    }

    private static func pipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe Foundation.pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ words: [String],
        _ environment: [String: String],
        leadsSession: Bool = false,
        _ prepare: (UnsafeMutablePointer<posix_spawn_file_actions_t>) -> Void
    ) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe prepare(&actions)
        // A test runner may have been started with signals ignored, as in the background of a shell.
        var signals = sigset_t()
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        // POSIX_SPAWN_SETSID, which Swift does not see among glibc's extensions.
        let session: Int32 = leadsSession ? 0x80 : 0
        let flags = Int32(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) | session
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        func strings(_ words: [String]) -> [UnsafeMutablePointer<CChar>?] {
            unsafe words.map { unsafe strdup($0) } + [nil]
        }
        let arguments = unsafe strings(words)
        let variables = unsafe strings(environment.map { "\($0.key)=\($0.value)" })
        defer { unsafe (arguments + variables).forEach { unsafe free($0) } }
        var pid: pid_t = 0
        let error = unsafe posix_spawnp(&pid, words[0], &actions, &attributes, arguments, variables)
        guard error == 0, pid > 1 else {
            throw CannotStart(words: words, reason: unsafe String(cString: strerror(error)))
        }
        return pid
    }
}

/// A program did not end, or something did not come, in a time that is generous.
struct TookTooLong: Error, CustomStringConvertible {
    var words: [String]
    var limit: Duration
    var seen: String

    var description: String {
        let program = words.joined(separator: " ").prefix(300)
        return "nothing more came from `\(program)` within \(limit); its last words: \(seen.suffix(3000))"
    }
}

struct CannotStart: Error, CustomStringConvertible {
    var words: [String]
    var reason: String

    var description: String { "`\(words.joined(separator: " ").prefix(300))` cannot be started: \(reason)" }
}
