/// The streams of a program as the wire counts them.
public enum Stream: UInt8, CaseIterable, Hashable, Sendable {
    /// What goes to its standard input.
    case input = 0
    /// What it writes to standard output, or to its terminal.
    case output = 1
    /// What it writes to standard error.
    case errors = 2
}

/// How many more bytes the other side may send on one stream: the payload of a credit frame.
///
/// Binary, 5 bytes: it is sent for every few data frames.
public struct Credit: Hashable, Sendable {
    /// The stream it is for.
    public var stream: Stream
    /// How many bytes more.
    public var bytes: UInt32

    /// A credit.
    public init(_ stream: Stream, bytes: UInt32) {
        self.stream = stream
        self.bytes = bytes
    }

    /// The window of a pipe: enough for 100 MB/s over a link with 10 ms of delay.
    public static let pipeWindow = 1 << 20

    /// The window of a terminal: what is still shown after Ctrl-C.
    ///
    /// At 10 MB/s this is 13 ms.
    public static let terminalWindow = 128 * 1024

    /// The most that may be outstanding on any stream.
    public static let largestWindow = 16 << 20

    /// The credit as a payload.
    public var payload: [UInt8] {
        var payload = [stream.rawValue]
        payload.appendBigEndian(bytes)
        return payload
    }

    /// The credit in a payload.
    ///
    /// - Throws: `ProtocolViolation` when it is not one.
    public init(payload: [UInt8]) throws(ProtocolViolation) {
        guard payload.count == 5, let stream = Stream(rawValue: payload[0]) else {
            throw ProtocolViolation("a credit of \(payload.count) bytes")
        }
        self.stream = stream
        bytes = payload[1...].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// What one side may still send on a stream.
public struct SendWindow: Hashable, Sendable {
    /// Bytes that may be sent now.
    public private(set) var available: Int

    /// A window that starts with some bytes.
    public init(_ available: Int) { self.available = available }

    /// Notes that bytes were sent.
    public mutating func spend(_ bytes: Int) {
        precondition(bytes <= available, "more was sent than was granted")
        available -= bytes
    }

    /// Takes in a credit.
    ///
    /// - Throws: `ProtocolViolation` when more than `Credit.largestWindow` would be outstanding.
    public mutating func grant(_ bytes: UInt32) throws(ProtocolViolation) {
        guard available + Int(bytes) <= Credit.largestWindow else {
            throw ProtocolViolation("a window beyond \(Credit.largestWindow) bytes")
        }
        available += Int(bytes)
    }
}

/// What the other side may still send us on a stream, and when to let it send more.
public struct ReceiveWindow: Hashable, Sendable {
    private let size: Int
    private var outstanding: Int
    private var consumed = 0

    /// A window of a size, all of it granted.
    ///
    /// Some of it may be taken up by bytes that are held already, and granted only when those are handed on.
    public init(_ size: Int, held: Int = 0) {
        self.size = size
        outstanding = size - held
    }

    /// Notes bytes that arrived.
    ///
    /// - Throws: `ProtocolViolation` when they were not granted: what we hold must stay bounded by us.
    public mutating func received(_ bytes: Int) throws(ProtocolViolation) {
        guard bytes <= outstanding else { throw ProtocolViolation("more data than was granted") }
        outstanding -= bytes
    }

    /// Notes bytes handed on, and says how many to grant for them: none until half the window is used up.
    public mutating func handedOn(_ bytes: Int) -> UInt32? {
        consumed += bytes
        guard consumed * 2 >= size else { return nil }
        defer { consumed = 0 }
        outstanding += consumed
        return UInt32(consumed)
    }
}

/// The other side broke the rules of the wire; the link cannot go on.
public struct ProtocolViolation: Error, Hashable, Sendable {
    /// What it did.
    public var what: String

    /// A violation, described.
    public init(_ what: String) { self.what = what }
}
