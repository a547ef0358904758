internal import DVMProtocol

/// One direction of a connection: bytes that were read and not yet passed on, and whether there will be more.
struct GateFlow {
    var outbox = Outbox()
    /// How many more bytes are taken; no limit when absent.
    var left: Int?
    /// Nothing more will be read.
    private(set) var ended = false
    /// The other side was told so.
    private(set) var told = false

    /// Whether it would read: what was read before has to be passed on first, so that a slow reader slows the writer.
    var wantsBytes: Bool { !ended && outbox.isEmpty }
    var isDone: Bool { ended && told }

    /// Takes what there is.
    mutating func read(from source: FileDescriptor, _ buffer: inout [UInt8]) {
        guard wantsBytes else { return }
        switch Reading.from(source, into: &buffer, limit: left ?? .max) {
        case .nothing: return
        case .end: ended = true
        case .bytes(let bytes):
            outbox.append(bytes)
            take(bytes.count)
        }
    }

    /// Takes nothing more; what is waiting is passed on.
    mutating func finish() { ended = true }

    /// Counts bytes that came some other way.
    mutating func take(_ count: Int) {
        guard let left else { return }
        self.left = max(left - count, 0)
        // A request whose end is known: the answer comes without our saying that it has ended.
        if self.left == 0 {
            ended = true
            told = true
        }
    }

    /// Passes on what is waiting; false when nobody takes it any more.
    mutating func write(to target: FileDescriptor) -> Bool {
        if !outbox.isEmpty, outbox.flush(to: target, isSocket: true) == .readerGone { return false }
        if ended, !told, outbox.isEmpty {
            Sockets.endWriting(target)
            told = true
        }
        return true
    }
}
