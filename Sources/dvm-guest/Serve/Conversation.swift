internal import DVMProtocol

/// One channel as the guest sees it: what may be sent, what was promised, how it ends.
///
/// Decides only; `Channel` has the descriptors and obeys. A program is `starting` until the process that becomes it has
/// let go of the report descriptor, so that the host hears either that it runs or why it does not, never both.
struct Conversation {
    enum Purpose: Equatable {
        /// Becomes something else; ends with its exit.
        case program
        /// Reports what it does; ends with its result.
        case task
    }

    private enum Phase: Equatable { case starting, running, over }

    let number: UInt32
    let purpose: Purpose
    private var phase: Phase
    private var announced = false
    private var verdict: Frame?
    private var exit: Exit?
    private var open: Set<Stream>
    private var output: SendWindow
    private var errors: SendWindow
    private var input = ReceiveWindow(Self.inputWindow)
    private var inputIsOver = false
    /// Whether anyone is there to hear what it writes; without, that counts against no window.
    private var isHeard = true
    /// Which session of an agent it is, if it is one.
    private let session: SessionID?

    /// How much input we hold for a program that does not read.
    static let inputWindow = 256 * 1024

    /// A conversation about a process that is being started with these output streams.
    init(number: UInt32, purpose: Purpose, outputs: Set<Stream>, window: Int, session: SessionID? = nil) {
        self.session = session
        self.number = number
        self.purpose = purpose
        phase = purpose == .task ? .running : .starting
        open = outputs
        output = SendWindow(window)
        errors = SendWindow(window)
    }

    /// What to send when the process exists: a task runs from the start.
    func begun() -> [Frame] { purpose == .task ? opening(credit: Self.inputWindow) : [] }

    private func opening(credit: Int) -> [Frame] {
        let opened = session.flatMap { try? Frame(.opened, channel: number, json: Opened(session: $0)) }
        let credit = Frame(.inputCredit, channel: number, payload: Credit(.input, bytes: UInt32(credit)).payload)
        return [opened ?? Frame(.opened, channel: number), credit]
    }

    // MARK: Who listens

    /// Takes note that nobody listens any more, and that the program goes on.
    mutating func left() { isHeard = false }

    /// Takes note of somebody who listens from now on, with windows of their own; some input of others may still wait.
    ///
    /// - Returns: what to tell them, if the program runs; otherwise they hear it when it does.
    mutating func joined(window: Int, inputWaiting: Int) -> [Frame] {
        isHeard = true
        output = SendWindow(window)
        errors = SendWindow(window)
        input = ReceiveWindow(Self.inputWindow, held: inputWaiting)
        inputIsOver = false
        return phase == .running ? opening(credit: Self.inputWindow - inputWaiting) : []
    }

    /// Takes note that what it still writes is wanted by nobody, and that it is about to end.
    mutating func abandoned() { open = [] }

    // MARK: What the process says of itself

    /// Takes in a frame from the report descriptor.
    mutating func reported(_ frame: Frame) -> [Frame] {
        switch frame.kind {
        case .opened: announced = true
        case .progress where purpose == .task: return [Frame(.progress, channel: number, payload: frame.payload)]
        case .result where purpose == .task, .refused:
            verdict = Frame(frame.kind, channel: number, payload: frame.payload)
        default: break
        }
        return []
    }

    /// Takes note that the report descriptor is closed: what was announced has happened.
    mutating func reportEnded() -> [Frame] {
        guard phase == .starting, announced, verdict == nil else { return [] }
        phase = .running
        return opening(credit: Self.inputWindow)
    }

    // MARK: What it writes

    /// How many bytes may be read from a stream now.
    func allowance(_ stream: Stream) -> Int {
        guard phase == .running, open.contains(stream) else { return 0 }
        guard isHeard else { return Frame.largestData }
        return min(stream == .output ? output.available : errors.available, Frame.largestData)
    }

    /// Bytes it wrote, at most its allowance.
    mutating func wrote(_ bytes: ArraySlice<UInt8>, to stream: Stream) -> Frame {
        if isHeard { if stream == .output { output.spend(bytes.count) } else { errors.spend(bytes.count) } }
        return Frame(stream == .output ? .output : .errors, channel: number, payload: Array(bytes))
    }

    /// Takes note that a stream gives nothing any more.
    mutating func streamEnded(_ stream: Stream) { open.remove(stream) }

    /// Takes in a credit from the host.
    mutating func granted(_ credit: Credit) throws(ProtocolViolation) {
        switch credit.stream {
        case .output: try output.grant(credit.bytes)
        case .errors: try errors.grant(credit.bytes)
        case .input: throw ProtocolViolation("output credit for input")
        }
    }

    // MARK: What it reads

    /// Takes note of input that arrived.
    mutating func inputArrived(_ bytes: Int) throws(ProtocolViolation) {
        guard phase == .running, !inputIsOver else {
            throw ProtocolViolation("input \(inputIsOver ? "after its end" : "before the program runs")")
        }
        try input.received(bytes)
    }

    /// Takes note that no more input comes.
    mutating func inputEnded() throws(ProtocolViolation) {
        guard !inputIsOver else { throw ProtocolViolation("the end of input a second time") }
        inputIsOver = true
    }

    /// Takes note of input that the program took, or never will; returns the credit to send.
    mutating func inputTaken(_ bytes: Int) -> Frame? {
        guard let credit = input.handedOn(bytes), phase == .running else { return nil }
        return Frame(.inputCredit, channel: number, payload: Credit(.input, bytes: credit).payload)
    }

    // MARK: How it ends

    /// Takes note that the process has ended.
    mutating func ended(_ exit: Exit) { self.exit = exit }

    /// Whether the process has ended, so that a stream with nothing to read now is at its end.
    ///
    /// A background program may hold it open for ever; nobody waits for that.
    var isDraining: Bool { exit != nil }

    /// Whether it ended before it became the program; what it wrote then is an explanation and not output.
    var failedToStart: Bool { exit != nil && phase == .starting }

    /// The last frame, once there is nothing more to send before it.
    ///
    /// The explanation is what a process that failed to start wrote to its standard error.
    mutating func last(explanation: String = "") throws(Refusal) -> Frame? {
        guard let exit, phase != .over, phase == .starting || open.isEmpty else { return nil }
        let started = phase == .running
        phase = .over
        if let verdict { return verdict }
        switch (purpose, started) {
        case (.program, true):
            return try Frame(.exit, channel: number, json: exit)
        case (.program, false):
            let reason = explanation.isEmpty ? "it ended with status \(exit.status)" : explanation
            return try Frame(
                .refused,
                channel: number,
                json: Refusal(
                    "the program could not be started: \(reason)",
                    hint: "`dvm doctor` shows what is wrong in the VM"
                )
            )
        case (.task, _):
            return try Frame(
                .refused,
                channel: number,
                json: Refusal(
                    "the guest program gave up in the middle, with status \(exit.status)",
                    hint: "run the same command again with DVM_VERBOSE=1"
                )
            )
        }
    }
}
