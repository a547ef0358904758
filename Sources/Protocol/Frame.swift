/// The unit of the wire: a kind, the channel it belongs to, and a payload.
///
/// Layout, big-endian: kind (1 byte), three zero bytes, channel (4 bytes), payload length (4 bytes), payload.
public struct Frame: Hashable, Sendable {
    /// What the frame says.
    public var kind: Kind
    /// The conversation it belongs to; 0 is the link itself.
    public var channel: UInt32
    /// JSON for control, raw bytes for data; at most `largestPayload` bytes.
    public var payload: [UInt8]

    /// A frame; the payload must not exceed `largestPayload`.
    public init(_ kind: Kind, channel: UInt32, payload: [UInt8] = []) {
        precondition(payload.count <= Self.largestPayload, "a frame's payload is cut by its sender")
        self.kind = kind
        self.channel = channel
        self.payload = payload
    }

    /// Bytes of a header.
    public static let headerSize = 12

    /// The most a payload may carry: room for the longest argument list we pass on, small enough to hold many.
    public static let largestPayload = 256 * 1024

    /// The most one data frame carries: several channels share the link fairly, and a key press waits for one at most.
    public static let largestData = 64 * 1024

    /// Frames sent by the host are odd, those sent by the guest even.
    public enum Kind: UInt8, CaseIterable, Sendable {
        /// Host: who I am, what I speak. The first frame.
        case hello = 0x01
        /// Guest: who I am, what I speak. The answer to `hello`.
        case welcome = 0x02
        /// Host: start this program or task.
        case open = 0x03
        /// Guest: it runs; for a session of an agent, which one.
        case opened = 0x04
        /// Host: bytes for its standard input.
        case input = 0x05
        /// Guest: bytes it wrote to standard output, or to its terminal.
        case output = 0x06
        /// Host: no more input.
        case inputEnd = 0x07
        /// Guest: bytes it wrote to standard error.
        case errors = 0x08
        /// Host: the terminal has this size now.
        case resize = 0x09
        /// Guest: the program has ended, and everything it wrote has been sent. The last frame of a channel.
        case exit = 0x0A
        /// Host: send it this signal.
        case signal = 0x0B
        /// Guest: it was not started, or the task failed. The last frame of a channel.
        case refused = 0x0C
        /// Host: you may send this many more bytes of output or errors.
        case outputCredit = 0x0D
        /// Guest: you may send this many more bytes of input.
        case inputCredit = 0x0E
        /// Host: end it, I no longer listen.
        case close = 0x0F
        /// Guest: what a task is doing now.
        case progress = 0x10
        /// Guest: what a task came to. The last frame of a channel.
        case result = 0x12
        /// Guest: something to tell the person about a session of an agent that has ended, or waits to be started.
        case note = 0x14

        /// Who sends this kind.
        public var sender: Peer { rawValue & 1 == 1 ? .host : .guest }
    }

    /// The two ends of a link.
    public enum Peer: Sendable {
        /// The side that opens channels: `dvm`, or a wrapper inside the VM.
        case host
        /// The side that runs things.
        case guest
    }
}
