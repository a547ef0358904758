internal import DVMProtocol

/// What `git status --porcelain=v2 --branch --show-stash -z` says, as it comes.
struct StatusText {
    private(set) var branch: String?
    /// Whether a commit is checked out and no branch.
    private(set) var isDetached = false
    private(set) var stashes = 0
    private(set) var changed = Sample()
    private(set) var unmerged = Sample()
    /// Paths of what git does not know; directories end with a slash.
    private(set) var untracked = Paths()
    private(set) var ignored = Paths()
    /// Whether something came that git does not say.
    private(set) var isDamaged = false

    private var record: [UInt8] = []
    /// Whether the next record is the old name of the one before.
    private var isOldName = false

    /// Paths, as many as are kept, and how many there were.
    struct Paths {
        private(set) var count = 0
        private(set) var kept: [[UInt8]] = []
        fileprivate mutating func add(_ path: ArraySlice<UInt8>) {
            count += 1
            if kept.count < 10_000 { kept.append(Array(path)) }
        }
    }

    mutating func take(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while let end = rest.firstIndex(of: 0) {
            record += rest[..<end]
            read(record[...])
            record = []
            rest = rest[(end + 1)...]
        }
        record += rest
        // The longest path there can be, and what stands before it.
        if record.count > 64 * 1024 { (record, isDamaged) = ([], true) }
    }

    private mutating func read(_ record: ArraySlice<UInt8>) {
        if isOldName {
            isOldName = false
            return
        }
        switch record.first {
        case UInt8(ascii: "#"): header(String(decoding: record, as: UTF8.self))
        case UInt8(ascii: "1"): add(record, after: 8, to: \.changed)
        case UInt8(ascii: "2"):
            add(record, after: 9, to: \.changed)
            isOldName = true
        case UInt8(ascii: "u"): add(record, after: 10, to: \.unmerged)
        case UInt8(ascii: "?"): untracked.add(record.dropFirst(2))
        case UInt8(ascii: "!"): ignored.add(record.dropFirst(2))
        default: isDamaged = true
        }
    }

    /// Names what stands after so many words.
    private mutating func add(_ record: ArraySlice<UInt8>, after words: Int, to sample: WritableKeyPath<Self, Sample>) {
        let parts = record.split(separator: UInt8(ascii: " "), maxSplits: words, omittingEmptySubsequences: false)
        guard parts.count == words + 1 else {
            isDamaged = true
            return
        }
        self[keyPath: sample].add(String(decoding: parts[words], as: UTF8.self))
    }

    private mutating func header(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 2)
        guard words.count == 3 else { return }
        switch words[1] {
        case "branch.head" where words[2] == "(detached)": isDetached = true
        case "branch.head": branch = String(words[2].prefix(Sample.most.characters))
        case "stash": stashes = Int(words[2]) ?? 0
        default: break
        }
    }
}

/// What `git log -z --format=%D --decorate=full` says of commits that no remote has: a record each, with the names of its
/// branches and tags.
struct CommitText {
    private(set) var count = 0
    private(set) var names = Sample()
    private var record: [UInt8] = []

    /// The most commits that are counted; git is asked for one more.
    static let most = 1000

    mutating func take(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes {
            guard byte == 0 else {
                // Names there can be any number of; the first ones do.
                if record.count < 64 * 1024 { record.append(byte) }
                continue
            }
            end()
        }
    }

    private mutating func end() {
        count += 1
        var own: [Substring] = []
        var ofRemotes: [Substring] = []
        for name in String(decoding: record, as: UTF8.self).split(separator: ",") {
            let name = name.drop { $0 == " " }
            let plain = ["HEAD -> ", "tag: "].reduce(name) { $0.hasPrefix($1) ? $0.dropFirst($1.count) : $0 }
            guard !plain.isEmpty else { continue }
            let short = ["refs/heads/", "refs/tags/", "refs/remotes/"].reduce(plain) {
                $0.hasPrefix($1) ? $0.dropFirst($1.count) : $0
            }
            if plain.hasPrefix("refs/remotes/") { ofRemotes.append(short) } else { own.append(short) }
        }
        // What a remote within the VM is said to have is called so only where nothing else has a name for it.
        for name in own.isEmpty ? ofRemotes : own { names.add(String(name)) }
        record = []
    }

    /// The commits, as the report has them.
    var commits: RepositoryWork.Commits {
        RepositoryWork.Commits(count: min(count, Self.most), more: count > Self.most, names: names)
    }
}
