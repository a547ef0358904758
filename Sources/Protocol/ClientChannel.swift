/// One conversation, as the side that opened it sees it.
///
/// Decides what each frame means and keeps both directions within their windows; whoever owns it does the reading and
/// writing. Used by `dvm` on the host and by the wrappers in the VM.
public struct ClientChannel: Sendable {
    /// What a frame came to.
    public enum Event: Hashable, Sendable {
        /// Nothing to do but to go on.
        case nothing
        /// The program runs.
        case opened
        /// Bytes to hand on, then to be noted with `handedOn`.
        case received(Stream, [UInt8])
        /// What the task is doing.
        case progress(Progress)
        /// Something to tell the person: at once while the channel `isOpening`, later when the conversation is over.
        case noted(SessionNote)
        /// The conversation is over.
        case ended(Ending)
    }

    /// How a conversation ends.
    public enum Ending: Hashable, Sendable {
        /// The program ended.
        case exit(Exit)
        /// The task is done; its result as JSON.
        case result([UInt8])
        /// It was not started, or it failed.
        case refused(Refusal)
    }

    private enum State { case opening, open, ended }

    /// Whether the other side has neither begun nor refused yet.
    public var isOpening: Bool { state == .opening }

    /// The channel's number, never used again on the same link.
    public let number: UInt32
    /// The session of an agent that this is a conversation with, once it runs.
    public private(set) var session: SessionID?
    private var notes = 0
    private var state = State.opening
    private var inputEnded = false
    private var input = SendWindow(0)
    private var output: ReceiveWindow
    private var errors: ReceiveWindow

    /// A conversation about to be opened with a program of this output window.
    public init(number: UInt32, outputWindow: Int = Credit.pipeWindow) {
        self.number = number
        output = ReceiveWindow(outputWindow)
        errors = ReceiveWindow(outputWindow)
    }

    /// How many bytes of input may be sent now; reading more than this from a person or pipe is pointless.
    public var inputAllowance: Int {
        state == .open && !inputEnded ? min(input.available, Frame.largestData) : 0
    }

    /// Takes in a frame of the link.
    ///
    /// - Throws: `ProtocolViolation` when it may not come now or says something impossible.
    public mutating func receive(_ frame: Frame) throws(ProtocolViolation) -> Event {
        guard frame.channel == number else {
            // What was on its way when an older conversation was given up.
            if (1..<number).contains(frame.channel) { return .nothing }
            throw ProtocolViolation("a \(frame.kind) frame on channel \(frame.channel), which nobody opened")
        }
        switch (state, frame.kind) {
        case (.opening, .opened):
            state = .open
            if !frame.payload.isEmpty { session = try frame.json(Opened.self).session }
            return .opened
        case (.open, .output):
            try output.received(frame.payload.count)
            return .received(.output, frame.payload)
        case (.open, .errors):
            try errors.received(frame.payload.count)
            return .received(.errors, frame.payload)
        case (.open, .inputCredit):
            let credit = try Credit(payload: frame.payload)
            guard credit.stream == .input else { throw ProtocolViolation("input credit for another stream") }
            try input.grant(credit.bytes)
            return .nothing
        case (.open, .progress):
            return .progress(try frame.json(Progress.self))
        case (.opening, .note), (.open, .note):
            notes += 1
            guard notes <= SessionNote.most else { throw ProtocolViolation("more than \(SessionNote.most) notes") }
            return .noted(try frame.json(SessionNote.self))
        case (.open, .exit):
            state = .ended
            return .ended(.exit(try frame.json(Exit.self)))
        case (.open, .result):
            state = .ended
            return .ended(.result(frame.payload))
        case (.opening, .refused), (.open, .refused):
            state = .ended
            return .ended(.refused(try frame.json(Refusal.self)))
        default:
            throw ProtocolViolation("a \(frame.kind) frame while the channel is \(state)")
        }
    }

    /// Notes that received bytes were handed on; returns the credit to send for them, if it is time.
    public mutating func handedOn(_ bytes: Int, of stream: Stream) -> Frame? {
        let credit = stream == .output ? output.handedOn(bytes) : errors.handedOn(bytes)
        guard let credit, state == .open else { return nil }
        return Frame(.outputCredit, channel: number, payload: Credit(stream, bytes: credit).payload)
    }

    /// Input to send, at most `inputAllowance` bytes.
    public mutating func send(_ bytes: ArraySlice<UInt8>) -> Frame {
        input.spend(bytes.count)
        return Frame(.input, channel: number, payload: Array(bytes))
    }

    /// The frame that says there is no more input; nothing the second time or when nobody would read it.
    public mutating func endInput() -> Frame? {
        guard state == .open, !inputEnded else { return nil }
        inputEnded = true
        return Frame(.inputEnd, channel: number)
    }
}
