/// What of the wanted files has come: the receiver's account of the second half of a copy stream.
///
/// Decides only. A sender that sends what was not asked for, more or less than it said, or in another order is at an end.
public struct CopyLedger: Sendable {
    /// What to do about a record.
    public enum Step: Hashable, Sendable {
        /// Begin an entry at an offset, with the stamp and size it has now.
        case begin(entry: Int, from: UInt64, CopyStamp, size: UInt64?)
        /// Write these bytes at an offset.
        case write([UInt8], at: UInt64)
        /// Leave everything before an offset that was not written as a hole.
        case skip(to: UInt64)
        /// The entry is over: whole, of this size, or not.
        case end(CopyRecord.End, size: UInt64)
        /// Everything is there.
        case done
    }

    private let wants: [(entry: Int, from: UInt64)]
    private let most: UInt64
    /// Whether holes take the room of data, as they do in a stream.
    private let countsHoles: Bool
    /// Bytes so far of what is limited.
    private var taken: UInt64 = 0
    private var index = -1
    private var isOpen = false
    private var size: UInt64?
    private var position: UInt64 = 0
    /// Bytes of data so far, of all entries.
    public private(set) var received: UInt64 = 0

    /// An account of these entries, in this order, of at most so many bytes of data, and of holes where they count, too.
    public init(wants: [(entry: Int, from: UInt64)], most: UInt64, countsHoles: Bool = false) {
        self.wants = wants
        self.most = most
        self.countsHoles = countsHoles
    }

    /// Takes in a record.
    ///
    /// - Throws: `ProtocolViolation` when it may not come now, a `Refusal` when it is too much.
    public mutating func take(_ record: CopyRecord) throws -> Step {
        switch record {
        case .content(let entry, let from, let stamp, let size):
            guard !isOpen, index + 1 < wants.count, wants[index + 1].entry == Int(entry) else {
                throw ProtocolViolation("a file that was not asked for, or not now")
            }
            guard from == 0 || from == wants[index + 1].from, size.map({ from <= $0 }) ?? (from == 0) else {
                throw ProtocolViolation("a file from an offset that was not asked for")
            }
            index += 1
            isOpen = true
            self.size = size
            position = from
            return .begin(entry: Int(entry), from: from, stamp, size: size)
        case .data(let bytes):
            let start = try advance(UInt64(bytes.count))
            received += UInt64(bytes.count)
            try allow(UInt64(bytes.count))
            return .write(bytes, at: start)
        case .hole(let length):
            _ = try advance(length)
            if countsHoles { try allow(length) }
            return .skip(to: position)
        case .end(let end):
            guard isOpen else { throw ProtocolViolation("the end of a file that never began") }
            guard end != .whole || position == size ?? position else {
                throw ProtocolViolation("a file of \(size ?? 0) bytes that ended after \(position)")
            }
            isOpen = false
            return .end(end, size: position)
        case .done(let bytes):
            guard !isOpen, index + 1 == wants.count, bytes == received else {
                throw ProtocolViolation("the end of a copy that is not complete")
            }
            return .done
        default: throw ProtocolViolation("something else in the middle of files")
        }
    }

    private mutating func allow(_ length: UInt64) throws(Refusal) {
        let (sum, overflow) = taken.addingReportingOverflow(length)
        guard !overflow, sum <= most else {
            throw Refusal(
                "what is copied has more than \(most) bytes",
                hint: "--max-size allows more, such as --max-size \((most >> 30) * 4 + 1)GiB"
            )
        }
        taken = sum
    }

    private mutating func advance(_ length: UInt64) throws(ProtocolViolation) -> UInt64 {
        guard isOpen else { throw ProtocolViolation("data of no file") }
        let (end, overflow) = position.addingReportingOverflow(length)
        guard !overflow, end <= size ?? UInt64(Int64.max) else {
            throw ProtocolViolation("a file of \(size ?? 0) bytes that goes on")
        }
        defer { position = end }
        return position
    }
}
