internal import DVMProtocol

/// A program in the VM with this process's terminal or streams as its own.
final class ProgramSession {
    private let link: Link
    private let vm: String
    private let program: Program
    private var channel: ClientChannel
    private var inputEnded = false
    private var outgoing: [Stream: WriteQueue] = [
        .output: WriteQueue(for: .standardOutput), .errors: WriteQueue(for: .standardError),
    ]
    /// The streams that are a terminal of a person who gave the program none: nothing there is for it to control.
    private var shown: [Stream: TerminalBytes] = [:]
    private var rawMode: RawMode?
    private var heard: [Int32: Int] = [:]

    /// Handed on to the program; on a terminal Ctrl-C is a key and comes as input.
    private static let handedOn: [Int32: Signal] = [
        SIGINT: .interrupt, SIGTERM: .terminate, SIGQUIT: .quit,
    ]

    /// How often somebody asks before dvm leaves without waiting for an answer: a VM may hang.
    private static let patience = 3

    /// A session about to begin on a channel that was never used.
    init(_ program: Program, channel number: UInt32, link: Link, vm: String) {
        self.link = link
        self.vm = vm
        self.program = program
        channel = ClientChannel(number: number, outputWindow: program.outputWindow)
        guard program.terminal == nil else { return }
        for stream in [Stream.output, .errors] where TerminalDevice.isTerminal(Self.descriptor(stream)) {
            shown[stream] = TerminalBytes()
        }
    }

    /// Runs the program to its end.
    ///
    /// The terminal is put back as it was, whatever happens.
    ///
    /// - Throws: `SaidByGuest` for the guest's refusal, or one that says what became of the link.
    func run() throws -> Exit {
        let signals = try SignalPipe(watching: Array(Self.handedOn.keys) + [SIGHUP, SIGWINCH])
        defer { rawMode?.restore() }
        link.send(try Frame(.open, channel: channel.number, json: Request.program(program)))
        var ending: Exit?
        while true {
            if let ending, outgoing.values.allSatisfy(\.isEmpty) { return ending }
            let reads = ending == nil && !inputEnded && channel.inputAllowance > 0 && !link.isFull
            let turn = try link.turn { ready in
                ready.read(signals.reader)
                if reads { ready.read(.standardInput) }
                for (stream, queue) in outgoing where !queue.isEmpty { ready.write(Self.descriptor(stream)) }
            }
            if turn.ready.canRead(signals.reader) {
                for number in signals.read() {
                    // The link ends with us, which the guest takes for what it is.
                    if isLast(number) { return .signaled(UInt8(number)) }
                    try hear(number)
                }
            }
            if reads, turn.ready.canRead(.standardInput) { try readInput() }
            for stream in [Stream.output, .errors] where try writeOut(stream, turn.ready) == .readerGone {
                // As if the program itself had written to a closed pipe.
                link.send(Frame(.close, channel: channel.number))
                return .signaled(UInt8(SIGPIPE))
            }
            for frame in turn.frames {
                if let exit = try take(channel.receive(frame)) { ending = exit }
            }
        }
    }

    private func take(_ event: ClientChannel.Event) throws -> Exit? {
        switch event {
        case .nothing, .progress, .noted: break
        case .opened: if program.terminal != nil { rawMode = try RawMode.enter(.standardInput) }
        case .received(let stream, let bytes): outgoing[stream]?.append(shown[stream]?.harmless(bytes) ?? bytes)
        case .ended(.exit(let exit)): return exit
        case .ended(.refused(let refusal)): throw SaidByGuest(refusal: refusal)
        case .ended(.result): throw ProtocolViolation("a result for a program")
        }
        return nil
    }

    /// Whether a signal ends dvm itself: the terminal is gone, or nobody answers.
    private func isLast(_ number: Int32) -> Bool {
        guard number != SIGHUP else { return true }
        heard[number, default: 0] += 1
        return Self.handedOn[number] != nil && heard[number, default: 0] >= Self.patience
    }

    private func hear(_ number: Int32) throws {
        if let signal = Self.handedOn[number] {
            link.send(try Frame(.signal, channel: channel.number, json: signal))
        } else if program.terminal != nil, let size = TerminalDevice.size(of: .standardInput) {
            link.send(try Frame(.resize, channel: channel.number, json: size))
        }
    }

    private func readInput() throws {
        var buffer = [UInt8](repeating: 0, count: channel.inputAllowance)
        let count: Int
        do {
            count = try unsafe buffer.withUnsafeMutableBytes { try unsafe FileDescriptor.standardInput.read(into: $0) }
        } catch let error as Errno where error == .interrupted || error == .resourceTemporarilyUnavailable {
            return
        } catch {
            // A terminal that is gone, or standard input that was never open: the end of input.
            count = 0
        }
        if count > 0 {
            link.send(channel.send(buffer[..<count]))
        } else {
            inputEnded = true
            channel.endInput().map(link.send)
        }
    }

    private enum Written { case some, readerGone }

    private func writeOut(_ stream: Stream, _ ready: Readiness) throws -> Written {
        guard outgoing[stream]?.isEmpty == false, ready.canWrite(Self.descriptor(stream)) else { return .some }
        guard let count = try outgoing[stream]?.flush(to: Self.descriptor(stream)) else { return .readerGone }
        channel.handedOn(count, of: stream).map(link.send)
        return .some
    }

    private static func descriptor(_ stream: Stream) -> FileDescriptor {
        stream == .errors ? .standardError : .standardOutput
    }
}
