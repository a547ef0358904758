internal import DVMProtocol

/// A repository on the way to what was done in it.
final class ReviewSubject {
    let number: Int
    let found: WorkWalk.Repository
    let place: GitPlace
    /// Git's view of the repository, without its settings.
    let standIn: StandIn
    /// Its files as they are; nothing for one without files.
    let snapshot: Snapshot?
    /// What the last review that counts remembered.
    let before: ReviewRecord.Repository?

    var review: RepositoryReview
    var record: ReviewRecord.Repository
    /// Whether its files were taken into the snapshot, all or nearly all of them.
    var isTaken = false
    /// Whether another one tells of the branches it shares.
    var sharesBranches = false

    // What git says.
    var references = OutputLines(most: mostReferences)
    var head = OutputLines(most: 1)
    var beyondRemotes = BoundaryText()
    var knowsRemotes = false
    var headTree = OutputLines(most: 1)
    var tree = OutputLines(most: 1)
    var changes = RawDiff()
    var inCommits = RawDiff()
    var counts = LineCounts()
    var log = LogText()
    var tracked = NulPaths()
    var untracked = NulPaths()
    var ignored = NulPaths()
    var unlikeFiles = RawDiff()
    var unlikeBase = RawDiff()
    /// What the index holds of files that hold something else, by path.
    var inIndexAlone: [[UInt8]: [UInt8]] = [:]
    var unlikeBasePaths: [[UInt8]] = []

    var dangers = DangerList()
    var files: [RawDiff.Change] = []
    var commitDangers: [(kind: Danger.Kind, path: TreePath)] = []

    /// The most files that are kept of what commits change, and of what the index has otherwise; what is beyond is told of
    /// as not looked at.
    static let mostKept = 100_000
    /// The most references that are remembered: what is beyond counts as new again.
    static let mostReferences = 5000

    init(
        _ number: Int,
        _ found: WorkWalk.Repository,
        _ place: GitPlace,
        _ standIn: StandIn,
        _ snapshot: Snapshot?,
        _ before: ReviewRecord.Repository?,
        _ kind: RepositoryWork.Kind
    ) {
        (self.number, self.found, self.place) = (number, found, place)
        (self.standIn, self.snapshot, self.before) = (standIn, snapshot, before)
        review = RepositoryReview(number: number, path: "\(found.path)", kind: kind, base: .nothing)
        record = ReviewRecord.Repository(base: .nothing)
    }

    /// What its files are compared with, which are this tree now.
    func baseTree(_ now: String) -> String {
        switch record.base {
        case .remote(let tree), .review(_, _, let tree): tree
        case .nothing: Snapshot.nothing(isSHA256: now.utf8.count == 64)
        }
    }

    func note(_ text: String) {
        if review.unknown.count < 20, !review.unknown.contains(text) { review.unknown.append(text) }
    }

    /// The names of references, and what they name.
    var named: [(object: String, name: String)] {
        references.lines.compactMap { line in
            let words = line.split(separator: " ", maxSplits: 1)
            return words.count == 2 ? (String(words[0]), String(words[1])) : nil
        }
    }

    /// The commit that is checked out; nothing before the first one.
    var commit: String? { head.lines.first.flatMap { Self.isObject($0) ? $0 : nil } }

    /// Whether a text is the name of an object, whole.
    static func isObject(_ text: some StringProtocol) -> Bool {
        [40, 64].contains(text.utf8.count) && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }
}

/// What `git rev-list --boundary` says, as far as it matters where the new commits begin.
struct BoundaryText {
    private var line: [UInt8] = []
    private(set) var hasCommits = false
    /// The last commit that is not one of them.
    private(set) var boundary: String?

    mutating func take(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                if line.count < 100 { line.append(byte) }
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix("-") { boundary = String(text.dropFirst()) } else { hasCommits = true }
            line = []
        }
    }
}
