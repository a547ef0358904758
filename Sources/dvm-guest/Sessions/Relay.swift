internal import DVMProtocol
internal import Glibc

/// A channel of a link whose other end is the supervisor of a session: frames pass in both directions, renumbered.
///
/// Credit passes too, so what waits here is bounded by the two ends; a caller that sends more than it was granted is
/// ended by the supervisor, until when `backlog` stops the link.
final class Relay: LinkChannel {
    let number: UInt32
    let begun: [Frame] = []
    let drainEnd: ContinuousClock.Instant? = nil

    private let socket: OwnedDescriptor
    private var child: Child?
    private var childEnded: Bool
    private var outbox = Outbox()
    private var decoder = FrameDecoder(from: .guest)
    private var isOver = false

    /// The number of the one channel a supervisor knows.
    static let channel: UInt32 = 1

    /// Starts a session, with a supervisor of its own.
    ///
    /// - Throws: a `Refusal` when there is no process for it.
    init(_ number: UInt32, starting order: SessionOrder) throws(Refusal) {
        let first = try Frame(.open, channel: Self.channel, json: order)
        let pair = try Streams.bothWays()
        // A session that goes on keeps none of our streams open: whoever waits for their end would wait for it.
        let null = try Streams.null()
        child = try Child(
            role: SessionCommand.word,
            input: null.raw,
            output: null.raw,
            errors: null.raw,
            report: pair.theirs.raw
        )
        childEnded = false
        socket = pair.ours
        self.number = number
        outbox.append(first)
    }

    /// Takes up a session that runs.
    ///
    /// - Throws: a `Refusal` when there is none of that name.
    init(_ number: UInt32, to attachment: Attachment) throws(Refusal) {
        socket = try SessionCall.connect(to: attachment.session)
        child = nil
        childEnded = true
        self.number = number
        outbox.append(try Frame(.open, channel: Self.channel, json: Request.attach(attachment)))
    }

    var backlog: Int { outbox.count }

    func receive(_ frame: Frame) throws(ProtocolViolation) {
        // Nobody is there to take it: the session has ended, and the host cannot know yet.
        guard !isOver else { return }
        outbox.append(Frame(frame.kind, channel: Self.channel, payload: frame.payload))
    }

    /// The supervisor sees the end of this process's socket, and does what the session is for.
    func linkLost() {}

    func register(in poll: inout PollSet, linkIsFull: Bool) {
        if !childEnded, let ended = child?.ended.raw { poll.add(ended, .read) }
        guard !isOver else { return }
        if !outbox.isEmpty { poll.add(socket.raw, .write) }
        if !linkIsFull { poll.add(socket.raw, .read) }
    }

    func advance(_ poll: PollSet, buffer: inout [UInt8], linkIsFull: Bool, send: (Frame) -> Void) throws(Refusal)
        -> Bool
    {
        if !isOver {
            if !outbox.isEmpty, poll.ready(socket.raw, .write) {
                _ = outbox.flush(to: socket.raw, isSocket: true)
            }
            if !linkIsFull, poll.ready(socket.raw, .read) { try read(into: &buffer, send: send) }
        }
        if !childEnded, let ended = child?.ended.raw, poll.ready(ended, .read) {
            childEnded = true
            _ = child?.wait()
        }
        return isOver && childEnded
    }

    private func read(into buffer: inout [UInt8], send: (Frame) -> Void) throws(Refusal) {
        switch Reading.from(socket.raw, into: &buffer) {
        case .nothing: return
        case .end: return send(try end())
        case .bytes(let bytes): decoder.feed(bytes)
        }
        // Our own program at the other end: what it says wrongly is as good as silence.
        while !isOver, let frame = try? decoder.next() {
            send(Frame(frame.kind, channel: number, payload: frame.payload))
            isOver = [.exit, .refused].contains(frame.kind)
        }
    }

    private func end() throws(Refusal) -> Frame {
        isOver = true
        return try Frame(
            .refused,
            channel: number,
            json: Refusal(
                "the process that watched over the session is gone, and the session with it",
                hint: """
                    `dvm sessions` looks at what it left in the project, and `dmesg` in the VM, as root, says whether \
                    memory ran out
                    """
            )
        )
    }
}
