internal import DVMProtocol

/// A program in the VM with this process's terminal or streams as its own.
final class ProgramSession {
    /// How long dvm stays.
    enum Manner {
        /// Until the program ends.
        case toTheEnd
        /// Until it runs: it goes on without us.
        case untilItRuns
        /// Until it ends or the person leaves it: it went on before us, and goes on after us.
        case attached
    }

    /// What it came to.
    enum Outcome: Equatable {
        /// The program ended.
        case ended(Exit)
        /// It goes on, as this session.
        case left(SessionID)
    }

    private let link: Link
    private let request: Request
    private let hasTerminal: Bool
    private let manner: Manner
    private let vm: String
    /// Where a browser comes back to, for a sign-in.
    private let door: SignInDoor?
    private var channel: ClientChannel
    private var notes: [SessionNote] = []
    private var inputEnded = false
    private var hasLeft = false
    private var outgoing: [Stream: OutgoingStream] = [:]
    private var rawMode: RawMode?
    private var heard: [Int32: Int] = [:]

    /// Handed on to the program; on a terminal Ctrl-C is a key and comes as input.
    private static let handedOn: [Int32: Signal] = [
        SIGINT: .interrupt, SIGTERM: .terminate, SIGQUIT: .quit,
    ]

    /// How often somebody asks before dvm leaves without waiting for an answer: a VM may hang.
    private static let patience = 3

    /// A session about to begin on a channel that was never used.
    convenience init(
        _ program: Program,
        channel number: UInt32,
        link: Link,
        vm: String,
        isRaw: Bool,
        door: SignInDoor? = nil
    ) {
        self.init(
            .program(program),
            channel: number,
            link: link,
            vm: vm,
            isRaw: isRaw,
            hasTerminal: program.terminal != nil,
            outputWindow: program.outputWindow,
            manner: program.detached == true ? .untilItRuns : .toTheEnd,
            door: door
        )
    }

    /// A session that was left running, about to be taken up.
    convenience init(_ attachment: Attachment, channel number: UInt32, link: Link, vm: String, isRaw: Bool) {
        self.init(
            .attach(attachment),
            channel: number,
            link: link,
            vm: vm,
            isRaw: isRaw,
            hasTerminal: attachment.size != nil,
            outputWindow: attachment.outputWindow,
            manner: .attached
        )
    }

    private init(
        _ request: Request,
        channel number: UInt32,
        link: Link,
        vm: String,
        isRaw: Bool,
        hasTerminal: Bool,
        outputWindow: Int,
        manner: Manner,
        door: SignInDoor? = nil
    ) {
        door?.begin(above: number)
        self.door = door
        self.link = link
        self.request = request
        self.hasTerminal = hasTerminal
        self.manner = manner
        self.vm = vm
        channel = ClientChannel(number: number, outputWindow: outputWindow)
        for stream in [Stream.output, .errors] {
            let descriptor = Self.descriptor(stream)
            let isShown = TerminalDevice.isTerminal(descriptor)
            let filter = TerminalFilter(titlePrefix: "\(vm): ")
            let screen: OutgoingStream.Screen =
                hasTerminal && !isRaw ? .filtered(filter) : !hasTerminal && isShown ? .harmless(TerminalBytes()) : .open
            outgoing[stream] = OutgoingStream(to: descriptor, screen)
        }
    }

    /// Runs the program to its end, or as long as dvm stays.
    ///
    /// The terminal is put back as it was, whatever happens; what there is to tell follows it.
    ///
    /// - Throws: `SaidByGuest` for the guest's refusal, or one that says what became of the link.
    func run() throws -> Outcome {
        let signals = try SignalPipe(watching: Array(Self.handedOn.keys) + [SIGWINCH], unlessIgnored: [SIGHUP])
        defer {
            putScreenBack()
            rawMode?.restore()
            door?.close()
            for note in door?.notes ?? [] { Output.say("dvm: \(note)\n") }
            notes.forEach(say)
        }
        link.send(try Frame(.open, channel: channel.number, json: request))
        var ending: Exit?
        while true {
            if let ending, outgoing.values.allSatisfy(\.isEmpty), door?.isSettled ?? true { return .ended(ending) }
            if let left { return .left(left) }
            let reads = ending == nil && !inputEnded && channel.inputAllowance > 0 && !link.isFull
            let turn = try link.turn(milliseconds: door?.milliseconds) { ready in
                ready.read(signals.reader)
                door?.register(in: &ready)
                if reads { ready.read(.standardInput) }
                for (stream, queue) in outgoing where !queue.isEmpty { ready.write(Self.descriptor(stream)) }
            }
            if turn.ready.canRead(signals.reader) {
                for number in signals.read() {
                    // The link ends with us, which the guest takes for what it is.
                    if isLast(number) { return .ended(.signaled(UInt8(number))) }
                    try hear(number)
                }
            }
            if reads, turn.ready.canRead(.standardInput) { try readInput() }
            for stream in [Stream.output, .errors] where try writeOut(stream, turn.ready) == .readerGone {
                // As if the program itself had written to a closed pipe.
                link.send(Frame(.close, channel: channel.number))
                return .ended(.signaled(UInt8(SIGPIPE)))
            }
            for frame in turn.frames {
                if try door?.receive(frame, link) == true { continue }
                if let exit = try take(channel.receive(frame)) {
                    ending = exit
                    door?.toolEnded()
                }
            }
            try door?.advance(turn.ready, link)
        }
    }

    /// Takes back what the program changed of the terminal's ways and left so: it may have been killed, or mean harm, or
    /// go on without us.
    ///
    /// What an earlier attachment to the same program saw is not known here: leaving has `DetachKey.afterwards` for that.
    private func putScreenBack() {
        var hadReports = false
        for stream in [Stream.output, .errors]
        where outgoing[stream]?.end(on: Self.descriptor(stream), within: Self.patienceWithTerminal) == true {
            hadReports = true
        }
        guard hadReports, let rawMode else { return }
        // What the terminal sent before it read that it shall not is none of the shell's; it reads in its own time.
        usleep(Self.reportsStillCome)
        rawMode.dropInput()
    }

    /// How long a terminal may take for what waits at the end, and for a hundred bytes.
    private static let patienceWithTerminal = Duration.seconds(1)

    /// How long reports may come after they were switched off, in microseconds.
    private static let reportsStillCome: UInt32 = 50_000

    /// Marked as what they are: the words of a stranger.
    private func say(_ note: SessionNote) { Output.say("dvm: \(vm) says: \(note.line)\n") }

    private func take(_ event: ClientChannel.Event) throws -> Exit? {
        switch event {
        case .nothing, .progress: break
        // What a start waits for is of no use afterwards.
        case .noted(let note) where channel.isOpening: say(note)
        case .noted(let note): notes.append(note)
        case .opened:
            door?.opened(channel.session)
            if hasTerminal, manner != .untilItRuns { rawMode = try RawMode.enter(.standardInput) }
        // It is nobody's here: a script takes the session's name from standard output.
        case .received(let stream, let bytes) where manner == .untilItRuns:
            channel.handedOn(bytes.count, of: stream).map(link.send)
        case .received(let stream, let bytes):
            let due = outgoing[stream]?.append(bytes) ?? 0
            channel.handedOn(due, of: stream).map(link.send)
        case .ended(.exit(let exit)): return exit
        case .ended(.refused(let refusal)): throw SaidByGuest(refusal: refusal)
        case .ended(.result): throw ProtocolViolation("a result for a program")
        }
        return nil
    }

    /// The session that goes on without us from now on.
    private var left: SessionID? {
        switch manner {
        case .toTheEnd: nil
        case .untilItRuns: channel.session
        case .attached: hasLeft ? channel.session : nil
        }
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
        } else if hasTerminal, let size = TerminalDevice.size(of: .standardInput) {
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
        if count == 0 {
            inputEnded = true
            // Whoever only looks on has nothing to type, which is no news for a program that goes on.
            if manner != .attached { channel.endInput().map(link.send) }
        } else if manner == .attached, hasTerminal, let typed = DetachKey.typed(before: buffer[..<count]) {
            if !typed.isEmpty { link.send(channel.send(typed)) }
            hasLeft = true
        } else {
            link.send(channel.send(buffer[..<count]))
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
