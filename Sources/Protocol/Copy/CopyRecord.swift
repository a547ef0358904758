/// What the two ends of a copy say to each other: the records of a copy stream.
///
/// First the sender lists everything, then the receiver says what of it it wants, then the sender sends that. Only one
/// end speaks at a time, so neither waits for the other file by file, and neither can block the other.
public enum CopyRecord: Hashable, Sendable {
    /// Sender: a directory, which the next entries are in. An empty name is the destination itself.
    case directory(name: [UInt8], CopyStamp)
    /// Sender: the end of the directory.
    case up
    /// Sender: a file of a size (`nil` when nobody knows it yet), and how many bytes of that are no holes.
    case file(name: [UInt8], CopyStamp, size: UInt64?, stored: UInt64)
    /// Sender: a symbolic link.
    case link(name: [UInt8], target: [UInt8])
    /// Sender: that was everything, this many entries.
    case listed(entries: UInt32)

    /// Receiver: send this entry from an offset on, if what I have before it has this digest.
    case want(entry: UInt32, from: UInt64, CopyDigest)
    /// Receiver: that was everything.
    case wanted

    /// Sender: what follows is a file as it is now, from an offset on: the one that was asked for, or 0.
    case content(entry: UInt32, from: UInt64, CopyStamp, size: UInt64?)
    /// Sender: its next bytes.
    case data([UInt8])
    /// Sender: as many bytes of zeros that take no room.
    case hole(UInt64)
    /// Sender: the end of the file.
    case end(End)
    /// Sender: the end of everything, this many bytes of data.
    case done(bytes: UInt64)

    /// How a file ends.
    public enum End: UInt8, CaseIterable, Hashable, Sendable {
        /// It is whole.
        case whole = 0
        /// It changed while it was read.
        case changed = 1
        /// It cannot be read, or is not there any more.
        case unreadable = 2
    }

    /// The two ends of a stream.
    public enum Peer: Hashable, Sendable { case sender, receiver }

    /// The first byte of a record.
    ///
    /// Numbers are never used again.
    enum Kind: UInt8, CaseIterable {
        case directory = 0x01
        case up = 0x02
        case file = 0x03
        case link = 0x04
        case listed = 0x05
        case content = 0x06
        case data = 0x07
        case hole = 0x08
        case end = 0x09
        case done = 0x0A
        case want = 0x11
        case wanted = 0x12

        var peer: Peer { rawValue & 0x10 == 0 ? .sender : .receiver }

        /// How long the rest of the record may be.
        var lengths: ClosedRange<Int> {
            switch self {
            case .directory: 14...(14 + CopyLimits.name)
            case .up, .wanted: 0...0
            case .file: 31...(30 + CopyLimits.name)
            case .link: 3...(1 + CopyLimits.name + RawPath.longest)
            case .listed: 4...4
            case .content: 34...34
            case .data: 1...CopyLimits.data
            case .hole, .done: 8...8
            case .end: 1...1
            case .want: 44...44
            }
        }
    }

    /// Bytes before the rest of a record: its kind, and the length of the rest in three bytes.
    public static let headerSize = 4

    /// A size that nobody knows yet, as it travels.
    static let unknownSize = UInt64.max
}
