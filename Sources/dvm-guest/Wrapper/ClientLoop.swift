internal import CLinux
internal import DVMProtocol
internal import Glibc

/// One conversation with the launcher, between this process's streams and a program in the sandbox.
struct ClientLoop: ~Copyable {
    /// How long this process stays.
    enum Manner {
        /// Until the program ends.
        case toTheEnd
        /// Until it runs: it goes on without us.
        case untilItRuns
        /// Until it ends or the person leaves it: it goes on after us.
        case attached
    }

    /// What it came to.
    enum Outcome {
        case ended(ClientChannel.Ending)
        /// It goes on, as this session.
        case left(SessionID)
    }

    private let link: OwnedDescriptor
    private let terminal: TerminalMode?
    private let signals: OwnedDescriptor
    private var outbox = Outbox()
    private var decoder = FrameDecoder(from: .guest)
    private var channel = ClientChannel(number: 1)
    private var inputEnded = false
    private let manner: Manner
    private var hasLeft = false
    private var notes: [SessionNote] = []
    /// Told what the program writes; its streams become ours when there is nobody.
    private let output: (([UInt8]) -> Void)?

    /// The signals handed on to the program, and the terminal's changes of size.
    private static let watched: [(number: Int32, signal: Signal?)] = [
        (SIGWINCH, nil), (SIGINT, .interrupt), (SIGTERM, .terminate), (SIGHUP, .hangup), (SIGQUIT, .quit),
    ]

    init(
        _ link: consuming OwnedDescriptor,
        terminal: TerminalMode?,
        manner: Manner = .toTheEnd,
        output: (([UInt8]) -> Void)? = nil
    ) throws(Refusal) {
        self.link = link
        self.terminal = terminal
        self.manner = manner
        self.output = output
        let numbers = Self.watched.map(\.number)
        signals = OwnedDescriptor(
            FileDescriptor(
                rawValue: try call("watching signals") { unsafe dvm_signal_descriptor(numbers, Int32(numbers.count)) }
            )
        )
        signal(SIGPIPE, SIG_IGN)
    }

    /// Follows a request to its end.
    ///
    /// - Throws: a `Refusal` that says what became of the link.
    consuming func run(_ request: Request) throws(Refusal) -> Outcome {
        switch request {
        case .program(let program): channel = ClientChannel(number: 1, outputWindow: program.outputWindow)
        case .attach(let attachment): channel = ClientChannel(number: 1, outputWindow: attachment.outputWindow)
        case .task: break
        }
        outbox.append(try Frame(.hello, channel: 0, json: Hello(time: 0)))
        outbox.append(try Frame(.open, channel: 1, json: request))
        var greeting = GreetingScanner()
        var greeted = false
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        defer {
            terminal?.restore()
            for note in notes { Message.say("dvm-guest: \(note.line)") }
        }

        while true {
            if let session = channel.session, manner == .untilItRuns || hasLeft { return .left(session) }
            let reads = channel.inputAllowance > 0 && !inputEnded
            var poll = PollSet()
            poll.add(link.raw, outbox.isEmpty ? .read : [.read, .write])
            poll.add(signals.raw, .read)
            if reads { poll.add(.standardInput, .read) }
            try poll.wait()

            if poll.ready(signals.raw, .read) { try readSignals(into: &buffer) }
            if reads, poll.ready(.standardInput, .read) { readInput(into: &buffer) }
            if !outbox.isEmpty { _ = outbox.flush(to: link.raw, isSocket: true) }
            guard poll.ready(link.raw, .read) else { continue }
            guard case .bytes(let bytes) = Reading.from(link.raw, into: &buffer) else {
                throw Refusal(
                    "the launcher closed the connection",
                    hint: "`journalctl -u 'dvm-agent@*'` as root says why"
                )
            }
            if greeted {
                decoder.feed(bytes)
            } else {
                guard case .greeted(_, let rest) = greeting.feed(bytes) else { continue }
                greeted = true
                decoder.feed(rest[...])
            }
            if let ending = try readFrames() { return .ended(ending) }
        }
    }

    private mutating func readFrames() throws(Refusal) -> ClientChannel.Ending? {
        do {
            while let frame = try decoder.next() {
                guard frame.channel != 0 else { continue }
                switch try channel.receive(frame) {
                case .nothing, .progress: break
                // What a start waits for is of no use afterwards.
                case .noted(let note) where channel.isOpening: Message.say("dvm-guest: \(note.line)")
                case .noted(let note): notes.append(note)
                case .opened: if manner != .untilItRuns { terminal?.makeRaw() }
                case .received(let stream, let bytes):
                    if let output {
                        output(bytes)
                    } else {
                        try (stream == .output ? FileDescriptor.standardOutput : .standardError).writeAll(bytes)
                    }
                    channel.handedOn(bytes.count, of: stream).map { outbox.append($0) }
                case .ended(let ending): return ending
                }
            }
            return nil
        } catch let error as Errno {
            // Whoever read our output is gone; the program hears it as it would without us between.
            guard error == .brokenPipe else { throw Refusal("writing the output: \(error)") }
            return .exit(.signaled(UInt8(SIGPIPE)))
        } catch {
            throw Refusal("the launcher broke dvm's protocol: \(error)")
        }
    }

    private mutating func readInput(into buffer: inout [UInt8]) {
        switch Reading.from(.standardInput, into: &buffer, limit: channel.inputAllowance) {
        case .bytes(let bytes):
            let typed = manner == .attached && terminal != nil ? DetachKey.typed(before: bytes) : nil
            hasLeft = typed != nil
            let sent = typed ?? bytes
            if !sent.isEmpty { outbox.append(channel.send(sent)) }
        case .nothing: break
        case .end:
            inputEnded = true
            // Whoever only looks on has nothing to type, which is no news for a program that goes on.
            if manner != .attached { channel.endInput().map { outbox.append($0) } }
        }
    }

    private mutating func readSignals(into buffer: inout [UInt8]) throws(Refusal) {
        // struct signalfd_siginfo: 128 bytes, the number in the first four, in this machine's order.
        while case .bytes(let records) = Reading.from(signals.raw, into: &buffer, limit: 128),
            let number = records.first
        {
            guard let watched = Self.watched.first(where: { $0.number == Int32(number) }) else { continue }
            if let signal = watched.signal {
                outbox.append(try Frame(.signal, channel: 1, json: signal))
            } else if let terminal {
                outbox.append(try Frame(.resize, channel: 1, json: terminal.size))
            }
        }
    }
}
