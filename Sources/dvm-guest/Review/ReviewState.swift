internal import DVMProtocol

/// What is remembered of a review.
struct ReviewRecord: Hashable, Codable {
    var id: ReviewID
    /// The code directory.
    var directory: String
    /// When it was, in seconds since 1970.
    var time: Int
    /// When it was by the clock the kernel dates changes with.
    var clock: ChangeClock
    var repositories: [TreePath]

    /// What a repository is compared with, and the name of its tree.
    enum Base: Hashable, Codable {
        case nothing
        case remote(tree: String)
        case review(ReviewID, number: Int, tree: String)
    }

    /// What is remembered of one repository.
    struct Repository: Hashable, Codable {
        /// The tree of its files; absent where it has none, or they could not be read.
        var tree: String?
        var base: Base
        /// What its references named.
        var tips: [String] = []
        /// The names of its branches and tags.
        var names: Set<String> = []
        /// Files of the git directory that make git do something.
        var watched: [TreePath: Inventory.Kept] = [:]
        /// Files whose changes git was told not to show.
        var unseen: Set<TreePath> = []
        /// What git's index held and the files did not.
        var staged: [TreePath: String] = [:]
    }
}

/// Where reviews are remembered: in the home of the user the project belongs to, which is closed to the agent.
struct ReviewState {
    let directory: FilePath

    /// The user's, made where it is missing.
    ///
    /// - Throws: a `Refusal` when something else is in its place.
    init(home: String) throws(Refusal) {
        var path = FilePath(home)
        for part in [".local", "state", "dvm"] {
            path.append(part)
            if try !Status.exists(path) { try TemporaryDirectory.makeDirectory(path) }
        }
        directory = path.appending("review")
        _ = try OwnDirectory.open(".local/state/dvm/review", in: home)
    }

    /// The reviews that have a name of their own here.
    enum Name: String, CaseIterable {
        /// What counts as reviewed.
        case done
        /// What a person was shown last.
        case shown
    }

    func path(of id: ReviewID) -> FilePath { directory.appending(id.text) }

    func path(_ number: Int, of id: ReviewID) -> FilePath { path(of: id).appending("\(number)") }

    /// Which review has a name; nothing when none has.
    func id(_ name: Name) -> ReviewID? {
        Link.target(of: directory.appending(name.rawValue)).flatMap { try? ReviewID($0) }
    }

    /// Gives a review a name.
    func name(_ id: ReviewID, _ name: Name) throws(Refusal) {
        try Link.make(directory.appending(name.rawValue), to: id.text)
    }

    /// What is remembered of a review.
    ///
    /// - Throws: a `Refusal` when it is not there any more, or cannot be understood.
    func record(_ id: ReviewID) throws(Refusal) -> ReviewRecord {
        let bytes = try TextFile.readBytes(path(of: id).appending("review.json"))
        guard let record = try? JSON.decode(ReviewRecord.self, from: bytes), record.id == id else {
            throw Refusal("what was remembered of the last review cannot be understood")
        }
        return record
    }

    /// What is remembered of a repository; nothing when that is not there or cannot be understood.
    func repository(_ number: Int, of id: ReviewID) -> ReviewRecord.Repository? {
        let bytes = try? TextFile.readBytes(path(number, of: id).appending("review.json"))
        return bytes.flatMap { try? JSON.decode(ReviewRecord.Repository.self, from: $0) }
    }

    /// Begins a review.
    func begin() throws(Refusal) -> ReviewID {
        let id = ReviewID(number: UInt64.random(in: .min ... .max))
        try TemporaryDirectory.makeDirectory(path(of: id))
        return id
    }

    /// Keeps what is remembered of a repository.
    func keep(_ repository: ReviewRecord.Repository, _ number: Int, of id: ReviewID) throws(Refusal) {
        let path = path(number, of: id)
        if try !Status.exists(path) { try TemporaryDirectory.makeDirectory(path) }
        try TemporaryDirectory.write(JSON.encode(repository), to: path.appending("review.json"))
    }

    /// Keeps a review; from now on it is one.
    func keep(_ record: ReviewRecord) throws(Refusal) {
        try TemporaryDirectory.write(JSON.encode(record), to: path(of: record.id).appending("review.json"))
    }

    /// Removes a review, unless it has a name.
    func drop(_ id: ReviewID) {
        if !Name.allCases.contains(where: { self.id($0) == id }) { Removal.tree(path(of: id)) }
    }

    /// Removes reviews that nobody will ask for again.
    func sweep() {
        var needed = Set(Name.allCases.compactMap { id($0) })
        // What was shown is compared with another one.
        if let shown = id(.shown), let record = try? record(shown) {
            for number in record.repositories.indices {
                guard case .review(let base, _, _)? = repository(number, of: shown)?.base else { continue }
                needed.insert(base)
                break
            }
        }
        let youngest = ChangeClock.now - 600 * 1_000_000_000
        for name in Listing.names(in: directory) {
            guard let id = try? ReviewID(name), !needed.contains(id) else { continue }
            let path = path(of: id)
            // One may be under way, or have just been shown.
            guard let status = Status.of(path), status.isDirectory, status.changed < youngest else { continue }
            Removal.tree(path)
        }
    }
}
