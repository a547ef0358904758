internal import DVMProtocol
internal import Glibc

/// Whoever talks with a supervisor: a `serve` that relays for somebody.
final class SessionClient {
    let socket: OwnedDescriptor
    private var decoder = FrameDecoder(from: .host)
    private var outbox = Outbox()
    /// Whether nobody is there any more, or what came was not dvm's protocol.
    private(set) var isGone = false
    /// Whether it has said what it wants.
    var hasAsked = false
    /// Until when it has to say what it wants.
    let patience = ContinuousClock.now + .seconds(10)

    init(_ socket: consuming OwnedDescriptor) { self.socket = socket }

    /// Whether so much waits for it that output should wait where it is.
    var isFull: Bool { outbox.count > 4 * Frame.largestData }

    /// Whether everything was said.
    var isTold: Bool { outbox.isEmpty }

    func send(_ frame: Frame) { outbox.append(frame) }

    /// Adds what is waited for.
    func register(in poll: inout PollSet) {
        // Someone who asks and does not listen is not asked any further.
        poll.add(socket.raw, outbox.count <= 4 << 20 ? .read : [])
        if !outbox.isEmpty { poll.add(socket.raw, .write) }
    }

    /// Sends and takes in what can be sent and taken now.
    func advance(_ poll: borrowing PollSet, buffer: inout [UInt8]) {
        if !outbox.isEmpty, poll.ready(socket.raw, .write) { flush() }
        guard poll.ready(socket.raw, .read) else { return }
        read(into: &buffer)
    }

    /// Sends what can be sent now.
    func flush() {
        if outbox.flush(to: socket.raw, isSocket: true) == .readerGone { isGone = true }
    }

    /// Takes in what has arrived, or waits for it when nothing has.
    func read(into buffer: inout [UInt8]) {
        guard case .bytes(let bytes) = Reading.from(socket.raw, into: &buffer) else {
            isGone = true
            return
        }
        decoder.feed(bytes)
    }

    /// The next frame that has arrived.
    func next() -> Frame? {
        do {
            return try decoder.next()
        } catch {
            isGone = true
            return nil
        }
    }
}
