internal import DVMProtocol

/// A file on its way: under a name of dvm's until it is whole.
final class IncomingFile {
    let place: Place
    var entry = 0
    private let unfinished: UnfinishedFile
    private let stamp: CopyStamp
    /// Whether it was made with its mode.
    private let hasMode: Bool
    private var length: UInt64
    private var isThere = true

    /// One that was just made, or of which the beginning is there, up to an offset.
    ///
    /// One that `hasMode` was made with it; others are closed to everybody else until they are whole.
    init(_ place: Place, _ unfinished: UnfinishedFile, from: UInt64 = 0, _ stamp: CopyStamp, hasMode: Bool) {
        self.place = place
        self.unfinished = unfinished
        self.stamp = stamp
        self.hasMode = hasMode
        length = from
    }

    func write(_ bytes: [UInt8], at position: UInt64) throws(Errno) {
        try unfinished.file.write(bytes, at: position)
        length = position + UInt64(bytes.count)
    }

    /// Gives it the mark of a file that came from elsewhere.
    func mark(_ body: (OpenFile) throws(Errno) -> Void) throws(Errno) { try body(unfinished.file) }

    /// Gives it its size, mode and time.
    func complete(size: UInt64) throws(Errno) {
        if length < size { try unfinished.file.setSize(size) }
        if hasMode { try unfinished.file.setTime(stamp) } else { try unfinished.file.setStamp(stamp) }
    }

    /// Gives it its name where nothing has that.
    ///
    /// - Returns: whether it has it.
    func putInPlace(_ rename: (OpenFile, [UInt8], [UInt8]) throws(Errno) -> Bool) throws(Errno) -> Bool {
        isThere = try !rename(place.directory, unfinished.name, place.name)
        return !isThere
    }

    /// Gives it its name, and nobody else.
    func replace() throws(Errno) {
        try place.directory.rename(unfinished.name, to: place.name)
        isThere = false
    }

    /// Leaves it, for another attempt if there is enough of it.
    func giveUp(keeping: Bool) {
        let isKept = keeping && unfinished.isFoundAgain && length >= CopyLimits.worthKeeping
        guard isThere, !isKept else { return }
        isThere = false
        // There is nothing more to be done about what cannot be removed.
        try? place.directory.remove(unfinished.name)
    }
}

/// The contents of one file on their way to a stream.
struct OutgoingStream {
    let file: OpenFile
    private let look: () throws -> Void
    private var position: UInt64 = 0

    /// A stream; `look` is called now and then while a step of it is long.
    init(file: OpenFile, look: @escaping () throws -> Void) { (self.file, self.look) = (file, look) }

    /// Writes what came.
    ///
    /// - Throws: `Errno.brokenPipe` when nobody reads the stream any more, a `Refusal` for what else is wrong.
    mutating func obey(_ step: CopyLedger.Step) throws {
        do {
            switch step {
            case .begin, .done: break
            case .write(let bytes, _):
                try file.write(bytes, at: nil)
                position += UInt64(bytes.count)
            case .skip(let end):
                let zeros = [UInt8](repeating: 0, count: CopyLimits.data)
                while position < end {
                    // A hole may be as long as the other end likes, and nothing more has to come for it.
                    try look()
                    let count = min(UInt64(zeros.count), end - position)
                    try file.write(Array(zeros.prefix(Int(count))), at: nil)
                    position += count
                }
            case .end(.whole, _): break
            case .end: throw Refusal("the file changed while it was read, or cannot be read", hint: "run it again")
            }
        } catch let error as Errno where error != .brokenPipe {
            throw Refusal("cannot write to standard output: \(error)")
        }
    }
}
