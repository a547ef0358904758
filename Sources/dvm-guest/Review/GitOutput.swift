internal import DVMProtocol

/// Records with a NUL at their end, as they come.
struct NulRecords {
    private var record: [UInt8] = []
    /// Whether one was longer than anything git says.
    private(set) var isDamaged = false

    /// Takes bytes in, and hands on each record that is complete.
    mutating func take(_ bytes: ArraySlice<UInt8>, _ each: (ArraySlice<UInt8>) -> Void) {
        var rest = bytes
        while let end = rest.firstIndex(of: 0) {
            if record.isEmpty {
                each(rest[..<end])
            } else {
                record += rest[..<end]
                each(record[...])
                record = []
            }
            rest = rest[(end + 1)...]
        }
        record += rest
        if record.count > 1 << 20 { (record, isDamaged) = ([], true) }
    }
}

/// Paths with a NUL at their end, as many as are kept.
struct NulPaths {
    private var records = NulRecords()
    private(set) var count = 0
    private(set) var kept: [[UInt8]] = []

    /// Whether all of them were kept.
    var isWhole: Bool { count == kept.count && !records.isDamaged }

    /// Takes bytes in.
    mutating func take(_ bytes: ArraySlice<UInt8>) {
        var (count, kept) = (count, kept)
        records.take(bytes) { record in
            count += 1
            if kept.count < 10_000 { kept.append(Array(record)) }
        }
        (self.count, self.kept) = (count, kept)
    }
}

/// What `git diff-tree --raw -z` and its kin say.
struct RawDiff {
    /// A file that differs.
    struct Change {
        var oldMode: UInt32
        var mode: UInt32
        /// Git's letter.
        var letter: UInt8
        /// The name of what it holds now, where git knows it.
        var object: [UInt8]
        var path: [UInt8]
        /// Where it was.
        var old: [UInt8]?
    }

    private var records = NulRecords()
    private var header: (oldMode: UInt32, mode: UInt32, object: [UInt8], letter: UInt8)?
    private var old: [UInt8]?
    private var isWrong = false

    /// Whether something came that git does not say.
    var isDamaged: Bool { isWrong || records.isDamaged }

    /// Takes bytes in, and hands on each change that is complete.
    mutating func take(_ bytes: ArraySlice<UInt8>, _ each: (Change) -> Void) {
        var found: [Change] = []
        var (header, old, isWrong) = (header, old, isWrong)
        records.take(bytes) { record in
            guard let known = header else {
                // Between commits, where git's versions differ.
                if record.isEmpty { return }
                header = Self.header(record)
                if header == nil { isWrong = true }
                return
            }
            let isMove = known.letter == UInt8(ascii: "R") || known.letter == UInt8(ascii: "C")
            if isMove, old == nil {
                old = Array(record)
                return
            }
            found.append(
                Change(
                    oldMode: known.oldMode,
                    mode: known.mode,
                    letter: known.letter,
                    object: known.object,
                    path: Array(record),
                    old: old
                )
            )
            (header, old) = (nil, nil)
        }
        (self.header, self.old, self.isWrong) = (header, old, isWrong)
        for change in found { each(change) }
    }

    /// `:100644 100755 old new M`.
    private static func header(_ record: ArraySlice<UInt8>) -> (UInt32, UInt32, [UInt8], UInt8)? {
        let words = record.split(separator: UInt8(ascii: " "))
        guard words.count == 5, words[0].first == UInt8(ascii: ":"), let letter = words[4].first,
            let old = UInt32(String(decoding: words[0].dropFirst(), as: UTF8.self), radix: 8),
            let new = UInt32(String(decoding: words[1], as: UTF8.self), radix: 8)
        else { return nil }
        return (old, new, Array(words[3]), letter)
    }
}

/// What `git diff-tree --numstat -z` says: how many lines each file gained and lost.
struct LineCounts {
    private var records = NulRecords()
    private var waiting: (added: Int?, removed: Int?, names: Int)?
    private(set) var counts: [[UInt8]: (added: Int?, removed: Int?)] = [:]

    /// Takes bytes in.
    mutating func take(_ bytes: ArraySlice<UInt8>) {
        var (waiting, counts) = (waiting, counts)
        func keep(_ path: ArraySlice<UInt8>, _ added: Int?, _ removed: Int?) {
            if counts.count < 4 * RepositoryReview.most.files { counts[Array(path)] = (added, removed) }
        }
        records.take(bytes) { record in
            if let known = waiting {
                // Of a file that was moved, the old name comes first.
                waiting = known.names == 1 ? (known.added, known.removed, 0) : nil
                if known.names == 0 { keep(record, known.added, known.removed) }
                return
            }
            let parts = record.split(separator: UInt8(ascii: "\t"), maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return }
            let numbers = parts.prefix(2).map { Int(String(decoding: $0, as: UTF8.self)) }
            if parts[2].isEmpty {
                waiting = (numbers[0], numbers[1], 1)
            } else {
                keep(parts[2], numbers[0], numbers[1])
            }
        }
        (self.waiting, self.counts) = (waiting, counts)
    }
}

/// What `git log -z` says in the format `%H%n%at%n%an%n%s`.
struct LogText {
    static let format = "--format=%H%n%at%n%an%n%s"
    /// The most commits that are counted; git is asked for one more.
    static let most = 1000

    private var records = NulRecords()
    private(set) var count = 0
    private(set) var commits: [RepositoryReview.Commit] = []

    /// Takes bytes in.
    mutating func take(_ bytes: ArraySlice<UInt8>) {
        var found: [RepositoryReview.Commit] = []
        var count = count
        records.take(bytes) { record in
            count += 1
            let lines = record.split(
                separator: UInt8(ascii: "\n"),
                maxSplits: 3,
                omittingEmptySubsequences: false
            ).map { String(decoding: $0.prefix(4 * RepositoryReview.most.characters), as: UTF8.self) }
            guard lines.count == 4, count <= RepositoryReview.most.commits else { return }
            found.append(
                RepositoryReview.Commit(
                    id: lines[0].brief,
                    time: Int(lines[1]) ?? 0,
                    author: lines[2].brief,
                    subject: lines[3].brief
                )
            )
        }
        self.count = count
        commits += found
    }
}

/// Output of which each line counts, as it comes.
struct OutputLines {
    private var line: [UInt8] = []
    private(set) var lines: [String] = []
    private(set) var count = 0
    private let most: Int

    /// - Parameter most: how many lines are kept.
    init(most: Int) { self.most = most }

    /// Takes bytes in.
    mutating func take(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                if line.count < 4096 { line.append(byte) }
                continue
            }
            count += 1
            if lines.count < most { lines.append(String(decoding: line, as: UTF8.self)) }
            line = []
        }
    }
}
