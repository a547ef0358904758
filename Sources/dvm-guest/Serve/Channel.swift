internal import DVMProtocol
internal import Glibc

/// One channel's process and streams; does what its `Conversation` decides.
final class Channel: LinkChannel {
    /// What becomes of the process when the link dies.
    enum Loss {
        /// It loses its terminal, as under sshd: what left its session lives on.
        case hangup
        /// It is killed at once.
        case kill
        /// It is asked to end, because it has to end others first; that it is alone, it sees by its report as well.
        case request
    }

    private(set) var conversation: Conversation
    private let loss: Loss
    private let child: Child
    private let hasTerminal: Bool
    private var input: Outgoing?
    private var output: OwnedDescriptor?
    private var errors: OwnedDescriptor?
    private var report: OwnedDescriptor?
    private var reports = FrameDecoder(from: .guest)
    private var order: Outbox
    private var childEnded = false
    /// Until when to wait for the rest of a terminal's output, once the process has ended; not while the host has no
    /// room for it, which is waited for without a limit.
    var drainEnd: ContinuousClock.Instant? { conversation.allowance(.output) > 0 ? terminalEnd : nil }
    private var terminalEnd: ContinuousClock.Instant?

    /// Only programs left in the background on the terminal make anyone wait this long.
    private static let terminalDrain = Duration.milliseconds(50)

    /// Bytes on their way to the program's standard input.
    private struct Outgoing: ~Copyable {
        let descriptor: OwnedDescriptor
        var waiting = Outbox()
        var endsAfter = false
    }

    /// A channel for a process that was just started and waits for its order.
    ///
    /// The streams are our ends; of a terminal, input and output are two descriptors of its master.
    init(
        _ conversation: Conversation,
        loss: Loss,
        child: consuming Child,
        order: Frame,
        report: consuming OwnedDescriptor,
        input: consuming OwnedDescriptor,
        output: consuming OwnedDescriptor,
        errors: consuming OwnedDescriptor?,
        hasTerminal: Bool
    ) {
        self.conversation = conversation
        self.loss = loss
        self.child = child
        self.hasTerminal = hasTerminal
        self.order = Outbox()
        self.order.append(order)
        self.report = consume report
        self.input = Outgoing(descriptor: input)
        self.output = consume output
        self.errors = consume errors
    }

    var number: UInt32 { conversation.number }

    /// What to say when it was made.
    var begun: [Frame] { conversation.begun() }

    /// What waits for the program is bounded by its input window, beside its order.
    var backlog: Int { 0 }

    // MARK: The host speaks

    /// Takes in a frame of this channel.
    ///
    /// - Throws: `ProtocolViolation` when it may not come now or says something impossible.
    func receive(_ frame: Frame) throws(ProtocolViolation) {
        switch frame.kind {
        case .input:
            try conversation.inputArrived(frame.payload.count)
            input?.waiting.append(frame.payload)
        case .inputEnd:
            try conversation.inputEnded()
            // On a terminal the end of input is a character; the terminal itself stays.
            if hasTerminal { input?.waiting.append([Self.endOfFileCharacter]) } else { input?.endsAfter = true }
            endInput()
        case .resize:
            resize(try frame.json(TerminalSize.self))
        case .signal:
            let signal = try frame.json(Signal.self)
            if !childEnded { child.signal(signal.number) }
        case .outputCredit:
            try conversation.granted(Credit(payload: frame.payload))
        case .close:
            end(loss == .request ? .request : .kill)
            // Nobody grants it anything any more: it is over as soon as the process is.
            conversation.abandoned()
        default:
            throw ProtocolViolation("a \(frame.kind) frame on an open channel")
        }
    }

    /// Ends the process as a lost link or a closed channel does.
    func linkLost() { end(loss) }

    // MARK: Who listens

    /// Lets the program go on without anybody who listens.
    func left() { conversation.left() }

    /// Lets somebody else listen.
    ///
    /// - Returns: what to tell them first.
    func joined(window: Int) -> [Frame] {
        conversation.joined(window: window, inputWaiting: input?.waiting.count ?? 0)
    }

    /// Tells the terminal its size; a program without one has none, and one that just ended needs none.
    func resize(_ size: TerminalSize) {
        if hasTerminal, let terminal = output?.raw { try? Streams.resize(terminal, to: size) }
    }

    /// Says again what was written before somebody came, as far as they let us now.
    func repeatOutput(_ bytes: inout ArraySlice<UInt8>, send: (Frame) -> Void) {
        while !bytes.isEmpty, conversation.allowance(.output) > 0 {
            let part = bytes.prefix(conversation.allowance(.output))
            send(conversation.wrote(part, to: .output))
            bytes = bytes.dropFirst(part.count)
        }
    }

    private func end(_ loss: Loss) {
        guard !childEnded else { return }
        switch loss {
        case .hangup:
            child.signal(SIGHUP)
            child.signal(SIGCONT)
        case .kill:
            child.signal(SIGKILL)
        case .request:
            child.signal(SIGTERM)
        }
    }

    /// What a terminal in its usual settings takes for the end of file, Ctrl-D.
    private static let endOfFileCharacter: UInt8 = 4

    // MARK: The loop asks and tells

    /// Adds what this channel waits for, beside the time in `drainEnd`.
    ///
    /// While the link is full, more output would only have to wait here.
    func register(in poll: inout PollSet, linkIsFull: Bool) {
        if let report = report?.raw {
            poll.add(report, .read)
            if !order.isEmpty { poll.add(report, .write) }
        }
        if !childEnded { poll.add(child.ended.raw, .read) }
        if let input = input?.descriptor.raw, hasInputWaiting { poll.add(input, .write) }
        guard !linkIsFull else { return }
        if let output = output?.raw, conversation.allowance(.output) > 0 { poll.add(output, .read) }
        if let errors = errors?.raw, conversation.allowance(.errors) > 0 { poll.add(errors, .read) }
    }

    /// Does what can be done now, and sends what there is to say.
    ///
    /// - Returns: whether the channel is over.
    func advance(_ poll: PollSet, buffer: inout [UInt8], linkIsFull: Bool, send: (Frame) -> Void) throws(Refusal)
        -> Bool
    {
        if let report = report?.raw, !order.isEmpty, poll.ready(report, .write) {
            _ = order.flush(to: report, isSocket: true)
        }
        // Before the output: what it writes may follow its start at once.
        if let report = report?.raw, poll.ready(report, .read) { readReport(buffer: &buffer, send: send) }
        if !childEnded, poll.ready(child.ended.raw, .read) {
            childEnded = true
            // The report and whatever else it wrote is there to be read by now.
            readReport(buffer: &buffer, send: send)
            conversation.ended(child.wait())
            // What is written to a terminal arrives at its master a moment later, unlike in a pipe.
            if hasTerminal { terminalEnd = .now + Self.terminalDrain }
        }
        writeInput(poll, send: send)
        if !linkIsFull {
            read(.output, output?.raw, poll, buffer: &buffer, send: send)
            read(.errors, errors?.raw, poll, buffer: &buffer, send: send)
        }
        guard let last = try conversation.last(explanation: explanation(buffer: &buffer)) else { return false }
        send(last)
        return true
    }

    private func readReport(buffer: inout [UInt8], send: (Frame) -> Void) {
        while let descriptor = report?.raw {
            switch Reading.from(descriptor, into: &buffer) {
            case .bytes(let bytes):
                reports.feed(bytes)
                // Our own program at the other end: what it says wrongly is as good as silence.
                while let frame = try? reports.next() { conversation.reported(frame).forEach(send) }
            case .nothing:
                return
            case .end:
                report = nil
                conversation.reportEnded().forEach(send)
            }
        }
    }

    /// Closes its standard input when everything before the end has been written.
    private func endInput() { if !hasInputWaiting, input?.endsAfter == true { input = nil } }

    private var hasInputWaiting: Bool { (input?.waiting.count ?? 0) > 0 }

    private func writeInput(_ poll: PollSet, send: (Frame) -> Void) {
        guard let descriptor = input?.descriptor.raw else { return }
        let waiting = input?.waiting.count ?? 0
        if waiting > 0, poll.ready(descriptor, .write) {
            switch input?.waiting.flush(to: descriptor) {
            case .wrote(let count):
                conversation.inputTaken(count).map(send)
            case .readerGone, nil:
                // Nobody will read it: the host may go on sending, into nothing.
                conversation.inputTaken(waiting).map(send)
                input?.waiting = Outbox()
            }
        }
        endInput()
    }

    private func read(
        _ stream: Stream,
        _ descriptor: FileDescriptor?,
        _ poll: PollSet,
        buffer: inout [UInt8],
        send: (Frame) -> Void
    ) {
        guard let descriptor, conversation.isDraining || poll.ready(descriptor, .read) else { return }
        // Also after the end: what does not fit into the link now is still there when it does, and wakes us then.
        var room = Self.mostAtOnce
        repeat {
            let allowance = conversation.allowance(stream)
            guard allowance > 0 else { return }
            switch Reading.from(descriptor, into: &buffer, limit: allowance) {
            case .bytes(let bytes):
                send(conversation.wrote(bytes, to: stream))
                room -= bytes.count
            case .nothing:
                guard conversation.isDraining, terminalEnd.map({ $0 <= .now }) ?? true else { return }
                return ended(stream)
            case .end:
                return ended(stream)
            }
            // Afterwards nothing wakes us for what is already there.
        } while conversation.isDraining && room > 0
    }

    /// The most a program that has ended sends before others have their turn.
    private static let mostAtOnce = 4 * Frame.largestData

    private func ended(_ stream: Stream) {
        conversation.streamEnded(stream)
        if stream == .errors { errors = nil } else { output = nil }
    }

    /// What a process that failed to start had to say.
    private func explanation(buffer: inout [UInt8]) -> String {
        guard conversation.failedToStart, let source = errors?.raw ?? output?.raw,
            case .bytes(let text) = Reading.from(source, into: &buffer, limit: 4096)
        else { return "" }
        return String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: "; ")
    }
}

extension Signal {
    fileprivate var number: Int32 {
        switch self {
        case .hangup: SIGHUP
        case .interrupt: SIGINT
        case .quit: SIGQUIT
        case .terminate: SIGTERM
        case .kill: SIGKILL
        case .proceed: SIGCONT
        case .user1: SIGUSR1
        case .user2: SIGUSR2
        }
    }
}
