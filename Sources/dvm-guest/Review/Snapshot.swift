internal import DVMProtocol

/// The files of a work tree as they are at a moment, in a git directory of our own.
///
/// Nothing of the repository's is believed for it. The index is ours and begins empty, so no entry can claim that a file
/// has not changed. The objects are ours and only ours: an agent can write an object into the repository's store that
/// claims a name it has no right to, and git would take it for the file's contents without looking. And attributes that
/// change what a file seems to hold are off: `ident` alone would hide a command between two dollar signs.
struct Snapshot {
    /// The git directory.
    let path: FilePath

    /// What makes a git directory, without anything in it.
    ///
    /// - Parameters:
    ///   - path: where, in a directory of our own.
    ///   - place: the repository.
    ///   - ignores: a file with what the user has git ignore everywhere.
    /// - Throws: a `Refusal` when it cannot be made.
    init(making path: FilePath, of place: GitPlace, ignores: FilePath?) throws(Refusal) {
        self.path = path
        guard let text = GitConfigText(try TextFile.readBytes(place.common.appending("config"))) else {
            throw Refusal("its configuration cannot be read")
        }
        for part in ["objects", "refs", "info"] { try TemporaryDirectory.makeDirectory(path.appending(part)) }
        try TemporaryDirectory.write(Array("ref: refs/heads/none\n".utf8), to: path.appending("HEAD"))
        let config = StandIn.configuration(text, isBare: false, ignores: ignores) + Self.forced
        try TemporaryDirectory.write(Array(config.utf8), to: path.appending("config"))
        try TemporaryDirectory.write(Array(Self.attributes.utf8), to: path.appending("info").appending("attributes"))
        try TemporaryDirectory.link(path.appending("repository"), to: place.common.appending("objects"))
        let exclude = place.common.appending("info").appending("exclude")
        if Status.of(exclude)?.isRegular == true {
            try TemporaryDirectory.link(path.appending("info").appending("exclude"), to: exclude)
        }
        // Where the repository's own index is asked about: a split one is looked for beside this one.
        for name in place.names.filter({ $0.hasPrefix("sharedindex.") }).prefix(2) {
            try TemporaryDirectory.link(path.appending(name), to: place.own.appending(name))
        }
    }

    /// One that was made before.
    init(at path: FilePath) { self.path = path }

    /// What a repository's settings and attributes must not change: whether a difference is one.
    private static let forced = """
        [core]
        filemode = true
        symlinks = true
        trustctime = true
        checkStat = default
        sparseCheckout = false
        protectHFS = false
        protectNTFS = false
        fsync = none
        compression = 1
        [index]
        version = 2

        """

    /// The attributes of a git directory win over those of the work tree.
    private static let attributes = "* -ident !filter !working-tree-encoding !diff\n"

    /// The largest file a snapshot may hold, and all that is taken in at once together.
    static let mostBytes: UInt = 8 << 30

    /// Takes the work tree in; large files too are not held in memory, and land in one pack instead of a file each.
    static let take = ["-c", "core.bigFileThreshold=1", "add", "--all", "--ignore-errors"]

    /// Takes in files that git ignores and tracks all the same, which a file lists.
    static func take(listedIn file: FilePath) -> [String] {
        ["add", "--force", "--ignore-errors", "--pathspec-from-file=\(file)", "--pathspec-file-nul"]
    }

    /// The name of a tree without anything in it.
    static func nothing(isSHA256: Bool) -> String {
        isSHA256
            ? "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
            : "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    }

    /// Where the objects of what it is compared with are, beside its own.
    func variables(_ base: ReviewRecord.Base, in state: ReviewState) -> [String] {
        switch base {
        case .nothing: []
        case .remote: ["GIT_ALTERNATE_OBJECT_DIRECTORIES=\(path.appending("repository"))"]
        case .review(let id, let number, _):
            ["GIT_ALTERNATE_OBJECT_DIRECTORIES=\(state.path(number, of: id).appending("objects"))"]
        }
    }
}
