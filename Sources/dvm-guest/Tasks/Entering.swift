internal import DVMProtocol
internal import Glibc

/// Programs run to their end through `enter`, with the rights it leaves them.
enum Entering {
    /// The most output a program may have, unless somebody asks for more.
    private static let mostOutput = 1 << 20

    /// The guest program, which usually is the running one.
    @TaskLocal static var program = "/proc/self/exe"

    /// How long a program may take: none of ours takes a tenth of it, even in an emulated VM.
    static let patience = Duration.seconds(120)

    /// Runs a program and keeps what it writes to standard output, at most 1 MiB; its standard error is the task's.
    ///
    /// - Parameters:
    ///   - spawn: the program.
    ///   - input: its standard input; nothing when absent.
    ///   - file: where its standard output goes instead.
    ///   - limit: how long it may take.
    ///   - group: the control group it is in from before its first step on; ours when absent.
    /// - Returns: how it ended, and its output.
    /// - Throws: a `Refusal` when it cannot be started, `enter`'s own where it has one, or when it takes too long or
    ///   writes too much.
    static func run(
        _ spawn: Spawn,
        input: FileDescriptor? = nil,
        into file: FileDescriptor? = nil,
        within limit: Duration = patience,
        group: ControlGroup? = nil
    ) throws(Refusal) -> (exit: Exit, output: [UInt8]) {
        try run(
            role: "enter",
            spawn,
            input: input,
            into: file,
            within: limit,
            group: group,
            called: spawn.words.joined(separator: " ")
        )
    }

    /// Runs this program again in a role, and keeps what it writes to standard output.
    ///
    /// - Parameters:
    ///   - role: the word that says what it is to be.
    ///   - value: the order it reads from descriptor 3.
    ///   - input: its standard input; nothing when absent.
    ///   - file: where its standard output goes instead.
    ///   - limit: how long it may take.
    ///   - group: the control group it is in from before its first step on; ours when absent.
    ///   - most: how many bytes it may write.
    ///   - name: what it is called when it takes longer or writes more.
    /// - Returns: how it ended, and its output.
    /// - Throws: a `Refusal` when it cannot be started, its own where it has one, or when it takes too long or writes
    ///   too much: no part of an answer is ever taken for the whole.
    static func run(
        role: String,
        _ value: some Encodable,
        input: FileDescriptor? = nil,
        into file: FileDescriptor? = nil,
        within limit: Duration = patience,
        group: ControlGroup? = nil,
        most: Int = mostOutput,
        called name: String? = nil
    ) throws(Refusal) -> (exit: Exit, output: [UInt8]) {
        let deadline = ContinuousClock.now + limit
        let report = try Streams.bothWays()
        let output = try Streams.fromChild()
        let null = OwnedDescriptor(
            FileDescriptor(rawValue: try call("opening /dev/null") { unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) })
        )
        let ours = output.ours.raw
        let answers = report.ours.raw
        let child = try Child(
            role: role,
            input: input ?? null.raw,
            output: file ?? output.theirs.raw,
            errors: .standardError,
            report: report.theirs.raw,
            program: program
        )
        do throws(Refusal) {
            // It waits for its order until then.
            try group?.add(child.pid)
        } catch {
            child.signal(SIGKILL)
            _ = child.wait()
            throw error
        }
        var order = Outbox()
        order.append(try Frame(.open, channel: 0, json: value))

        var decoder = FrameDecoder(from: .guest)
        var refusal: Refusal?
        var kept: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        var ended = false
        while !ended {
            var poll = PollSet()
            poll.add(child.ended.raw, .read)
            poll.add(ours, .read)
            poll.add(answers, order.isEmpty ? .read : [.read, .write])
            try poll.wait(milliseconds: Int32(max(0, ContinuousClock.now.duration(to: deadline) / .milliseconds(1))))
            var complaint = ContinuousClock.now < deadline ? nil : "did not end within \(limit)"
            if kept.count > most { complaint = "printed more than \(most >> 10) KiB" }
            if let complaint {
                // In a session of its own, it would outlive this task.
                child.signal(SIGKILL)
                _ = child.wait()
                throw Refusal("“\(name ?? role)” \(complaint) in the VM")
            }
            // The end is looked for first: what it left behind is read after it.
            ended = poll.ready(child.ended.raw, .read)
            if !order.isEmpty { _ = order.flush(to: answers, isSocket: true) }
            while case .bytes(let bytes) = Reading.from(answers, into: &buffer) {
                decoder.feed(bytes)
                while let frame = try? decoder.next() {
                    if frame.kind == .refused { refusal = try? frame.json(Refusal.self) }
                }
            }
            while kept.count <= most, case .bytes(let bytes) = Reading.from(ours, into: &buffer) {
                kept.append(contentsOf: bytes)
            }
        }
        let exit = child.wait()
        if let refusal { throw refusal }
        guard kept.count <= most else {
            throw Refusal("“\(name ?? role)” printed more than \(most >> 10) KiB in the VM")
        }
        return (exit, kept)
    }

    /// Runs a program of the system's as root, and keeps what it prints.
    static func asRoot(_ words: [String]) throws(Refusal) -> (exit: Exit, output: String) {
        let (exit, output) = try run(
            Spawn(
                words: words,
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"],
                terminal: false,
                confinement: .root(Spawn.Root(directory: "/"))
            )
        )
        return (exit, String(decoding: output, as: UTF8.self))
    }

    /// Runs a program as the developer, in a directory of the system's.
    static func asDeveloper(_ account: Accounts.Account, _ words: [String]) throws(Refusal) -> (
        exit: Exit, output: [UInt8]
    ) {
        try run(
            Spawn(
                words: words,
                environment: ["PATH": "/usr/bin:/bin", "HOME": account.home, "LANG": "C.UTF-8"],
                terminal: false,
                confinement: .developer(
                    Spawn.Developer(uid: account.uid, gid: account.gid, groups: [], directory: "/", home: account.home)
                )
            )
        )
    }
}
