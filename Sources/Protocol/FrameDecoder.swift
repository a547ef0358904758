/// Bytes to frames, however they arrive.
///
/// Holds at most what it was last fed and one unfinished frame. The sender is a stranger: every field is checked before
/// anything is sized by it, and after a failure the decoder stays failed, since there is no way back into step.
public struct FrameDecoder: Sendable {
    /// Why the bytes are not frames.
    public enum Failure: Error, Hashable, Sendable {
        /// No kind has this number, or the other side may not send it.
        case unexpectedKind(UInt8)
        /// The three bytes after the kind were not zero.
        case reservedBytesUsed
        /// A length beyond `Frame.largestPayload`.
        case payloadTooLarge(UInt32)
    }

    private let sender: Frame.Peer
    private var pending: [UInt8] = []
    private var start = 0
    private var failure: Failure?

    /// A decoder for what one side sends.
    public init(from sender: Frame.Peer) { self.sender = sender }

    /// How many bytes wait for the rest of their frame.
    public var pendingBytes: Int { pending.count - start }

    /// Takes in bytes as they arrived.
    public mutating func feed(_ bytes: ArraySlice<UInt8>) {
        if start > 0 {
            // Only an unfinished frame is ever moved, and only once per feed.
            pending.removeSubrange(..<start)
            start = 0
        }
        pending.append(contentsOf: bytes)
    }

    /// The next whole frame, or `nil` until more bytes are fed.
    ///
    /// - Throws: a `Failure`, again on every later call.
    public mutating func next() throws(Failure) -> Frame? {
        if let failure { throw failure }
        guard pending.count - start >= Frame.headerSize else { return nil }

        guard let kind = Frame.Kind(rawValue: pending[start]), kind.sender == sender else {
            throw fail(.unexpectedKind(pending[start]))
        }
        guard pending[start + 1] | pending[start + 2] | pending[start + 3] == 0 else {
            throw fail(.reservedBytesUsed)
        }
        let length = bigEndian(at: start + 8)
        // Before anything is sized by it: the length is the peer's word.
        guard length <= Frame.largestPayload else { throw fail(.payloadTooLarge(length)) }

        let end = start + Frame.headerSize + Int(length)
        guard pending.count >= end else { return nil }
        let frame = Frame(
            kind,
            channel: bigEndian(at: start + 4),
            payload: Array(pending[(start + Frame.headerSize)..<end])
        )
        start = end
        return frame
    }

    private mutating func fail(_ reason: Failure) -> Failure {
        failure = reason
        pending = []
        start = 0
        return reason
    }

    private func bigEndian(at index: Int) -> UInt32 {
        pending[index..<(index + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
