internal import DVMProtocol

#if canImport(Darwin)
internal import Darwin
#else
internal import Glibc
#endif

/// A file on its way: under a name of dvm's until it is whole.
final class IncomingFile {
    let place: Place
    var entry = 0
    private let part: [UInt8]
    private let file: OpenFile
    private let stamp: CopyStamp
    /// Whether it was made with its mode.
    private let hasMode: Bool
    private var length: UInt64
    private var isThere = true

    /// Begins one, or goes on with the part that is there.
    ///
    /// One that is `opened` has its mode from the beginning; others are closed to everybody else until they are whole.
    init(_ place: Place, from: UInt64, _ stamp: CopyStamp, opened: Bool) throws(Errno) {
        self.place = place
        self.stamp = stamp
        part = Self.partName(of: place.name)
        length = from
        hasMode = opened && from == 0
        if from > 0 {
            file = try place.directory.open(part, for: .writing)
            let facts = try FileFacts(of: file)
            // Looked at before, and it may be another by now.
            guard Self.isOurs(facts), facts.size == from else { throw .fileExists }
        } else {
            let making = OpenFile.Use.making(mode: hasMode ? stamp.mode : 0o600)
            do {
                file = try place.directory.open(part, for: making)
            } catch {
                guard error == .fileExists else { throw error }
                try place.directory.remove(part)
                file = try place.directory.open(part, for: making)
            }
        }
    }

    /// What is left of an earlier attempt and worth going on with.
    static func part(_ place: Place, of node: CopyTree.Node) throws -> (size: UInt64, digest: UInt64)? {
        guard let size = node.size, size >= CopyLimits.worthKeeping else { return nil }
        let name = partName(of: place.name)
        guard let facts = try? FileFacts(of: name, in: place.directory), isOurs(facts),
            (CopyLimits.worthKeeping...size).contains(facts.size),
            // To read through a terabyte of holes would take longer than to begin again.
            facts.stored >= facts.size, let file = try? place.directory.open(name, for: .reading),
            let digest = try? CopyDigest.ofBeginning(of: file, count: facts.size)
        else { return nil }
        return (facts.size, digest)
    }

    private static func isOurs(_ facts: FileFacts) -> Bool {
        facts.kind == .file && facts.owner == geteuid() && facts.links == 1 && facts.stamp.mode & 0o600 == 0o600
    }

    /// The name of the part of a file: the same every time, so that it is found again, and short, whatever the file's.
    static func partName(of name: [UInt8]) -> [UInt8] {
        var digest = CopyDigest()
        digest.update(name[...])
        let digits = String(digest.value, radix: 16)
        return CopyLimits.partPrefix + Array(String(repeating: "0", count: 16 - digits.count).utf8) + Array(digits.utf8)
    }

    func write(_ bytes: [UInt8], at position: UInt64) throws(Errno) {
        try file.write(bytes, at: position)
        length = position + UInt64(bytes.count)
    }

    /// Gives it the mark of a file that came from elsewhere.
    func mark(_ body: (OpenFile) throws(Errno) -> Void) throws(Errno) { try body(file) }

    /// Gives it its size, mode and time.
    func complete(size: UInt64) throws(Errno) {
        if length < size { try file.setSize(size) }
        if hasMode { try file.setTime(stamp) } else { try file.setStamp(stamp) }
    }

    /// Gives it its name where nothing has that.
    ///
    /// - Returns: whether it has it.
    func putInPlace(_ rename: (OpenFile, [UInt8], [UInt8]) throws(Errno) -> Bool) throws(Errno) -> Bool {
        isThere = try !rename(place.directory, part, place.name)
        return !isThere
    }

    /// Gives it its name, and nobody else.
    func replace() throws(Errno) {
        try place.directory.rename(part, to: place.name)
        isThere = false
    }

    /// Leaves it, for another attempt if there is enough of it.
    func giveUp(keeping: Bool) {
        guard isThere, !keeping || length < CopyLimits.worthKeeping else { return }
        isThere = false
        // There is nothing more to be done about a part that cannot be removed.
        try? place.directory.remove(part)
    }
}

/// The contents of one file on their way to a stream.
struct OutgoingStream {
    let file: OpenFile
    private var position: UInt64 = 0

    init(file: OpenFile) { self.file = file }

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
                    let count = min(UInt64(zeros.count), end - position)
                    try file.write(Array(zeros.prefix(Int(count))), at: nil)
                    position += count
                }
            case .end(.whole, _): break
            case .end: throw Refusal("the file changed while it was read, or cannot be read", hint: "run it again")
            }
        } catch let error as Errno {
            throw Refusal("cannot write to standard output: \(error)")
        }
    }
}
