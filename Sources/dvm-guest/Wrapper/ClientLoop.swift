internal import CLinux
internal import DVMProtocol
internal import Glibc

/// One conversation with the launcher, between this process's streams and a program in the sandbox.
struct ClientLoop: ~Copyable {
    private let link: OwnedDescriptor
    private let terminal: TerminalMode?
    private let signals: OwnedDescriptor
    private var outbox = Outbox()
    private var decoder = FrameDecoder(from: .guest)
    private var channel = ClientChannel(number: 1)
    private var inputEnded = false

    /// The signals handed on to the program, and the terminal's changes of size.
    private static let watched: [(number: Int32, signal: Signal?)] = [
        (SIGWINCH, nil), (SIGINT, .interrupt), (SIGTERM, .terminate), (SIGHUP, .hangup), (SIGQUIT, .quit),
    ]

    init(_ link: consuming OwnedDescriptor, terminal: TerminalMode?) throws(Refusal) {
        self.link = link
        self.terminal = terminal
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
    consuming func run(_ request: Request) throws(Refusal) -> ClientChannel.Ending {
        if case .program(let program) = request {
            channel = ClientChannel(number: 1, outputWindow: program.outputWindow)
        }
        outbox.append(try Frame(.hello, channel: 0, json: Hello(time: 0)))
        outbox.append(try Frame(.open, channel: 1, json: request))
        var greeting = GreetingScanner()
        var greeted = false
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        defer { terminal?.restore() }

        while true {
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
            if let ending = try readFrames() { return ending }
        }
    }

    private mutating func readFrames() throws(Refusal) -> ClientChannel.Ending? {
        do {
            while let frame = try decoder.next() {
                guard frame.channel != 0 else { continue }
                switch try channel.receive(frame) {
                case .nothing, .progress, .noted: break
                case .opened: terminal?.makeRaw()
                case .received(let stream, let bytes):
                    try (stream == .output ? FileDescriptor.standardOutput : .standardError).writeAll(bytes)
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
        case .bytes(let bytes): outbox.append(channel.send(bytes))
        case .nothing: break
        case .end:
            inputEnded = true
            channel.endInput().map { outbox.append($0) }
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
