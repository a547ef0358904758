internal import DVMProtocol

/// A git directory of our making for a repository: its data by links, and of its settings only those that say what the
/// data means.
///
/// So nothing in the repository's configuration, hooks or attributes can name a program, another directory or another
/// file: git never reads them. Links in a git directory are what git-new-workdir(1) has always been made of.
struct StandIn {
    let path: FilePath
    /// What it knows of places outside the VM.
    let remotes: Remotes
    /// Whether its hashes are long ones.
    let isSHA256: Bool
    /// Whether a commit is checked out and no branch.
    let isDetached: Bool

    /// Makes one.
    ///
    /// - Parameters:
    ///   - path: where, in a directory of our own.
    ///   - place: the repository.
    ///   - isBare: whether it has no files.
    ///   - ignores: a file with what the user has git ignore everywhere.
    /// - Throws: a `Refusal` when it cannot be made, or the repository cannot be understood.
    init(at path: FilePath, of place: GitPlace, isBare: Bool, ignores: FilePath?) throws(Refusal) {
        self.path = path
        guard let text = GitConfigText(try Self.read(place.common.appending("config"))) else {
            throw Refusal("its configuration cannot be read")
        }
        remotes = Remotes(text)
        isSHA256 = text["extensions.objectformat"]?.lowercased() == "sha256"
        let head = try Self.head(place)
        isDetached = !head.starts(with: "ref: ".utf8)
        try TemporaryDirectory.makeDirectory(path)
        try TemporaryDirectory.makeDirectory(path.appending("info"))
        try TemporaryDirectory.write(head, to: path.appending("HEAD"))
        let config = Self.configuration(text, isBare: isBare, ignores: ignores)
        try TemporaryDirectory.write(Array(config.utf8), to: path.appending("config"))
        // What is not there needs no link; making one is most of what a stand-in costs.
        let names = place.isLinked ? Set(Listing.names(in: place.common)) : place.names
        for name in ["refs", "packed-refs", "reftable", "objects", "logs", "shallow"] where names.contains(name) {
            try TemporaryDirectory.link(path.appending(name), to: place.common.appending(name))
        }
        for name in ["index"] + Self.sharedIndexes(of: place) where place.names.contains(name) {
            try TemporaryDirectory.link(path.appending(name), to: place.own.appending(name))
        }
        for (name, directory) in [
            ("exclude", place.common), ("attributes", place.common), ("sparse-checkout", place.own),
        ] {
            let file = directory.appending("info").appending(name)
            guard Status.of(file) != nil else { continue }
            try TemporaryDirectory.link(path.appending("info").appending(name), to: file)
        }
    }

    /// The other halves of a split index: git has one at a time, and for a moment two.
    static func sharedIndexes(of place: GitPlace) -> [String] {
        Array(place.names.filter { $0.hasPrefix("sharedindex.") }.sorted().prefix(2))
    }

    private static func read(_ path: FilePath) throws(Refusal) -> [UInt8] {
        guard try Status.exists(path) else { return [] }
        // A pipe would read as empty.
        guard Status.of(path)?.isRegular == true else { throw Refusal("\(path) is no regular file") }
        return try TextFile.readBytes(path)
    }

    /// What is checked out: a branch or a commit.
    private static func head(_ place: GitPlace) throws(Refusal) -> [UInt8] {
        let text = try TextFile.readBytes(place.own.appending("HEAD"))
        let isCommit = text.count >= 40 && text.prefix(40).allSatisfy(\.isHexadecimal)
        guard text.count < 4096, text.starts(with: "ref: refs/".utf8) || isCommit else {
            throw Refusal("its HEAD cannot be understood")
        }
        return text
    }

    /// The settings that say what the data means: no paths, no commands, no names.
    private static let meanings = [
        "core.filemode", "core.symlinks", "core.autocrlf", "core.eol", "core.sparsecheckout",
        "core.sparsecheckoutcone", "core.trustctime", "core.checkstat", "extensions.objectformat",
        "extensions.refstorage",
    ]

    /// The text of the configuration.
    static func configuration(_ text: GitConfigText, isBare: Bool, ignores: FilePath?) -> String {
        var lines = [
            "[core]", "bare = \(isBare)", "preloadIndex = false", "fsmonitor = false", "untrackedCache = false",
            "hooksPath = /dev/null", "attributesFile = /dev/null", "alternateRefsCommand = true",
            "excludesFile = \(quoted(ignores?.string ?? "/dev/null"))", "[index]", "threads = 1", "[pack]",
            "threads = 1", "[protocol]", "allow = never", "[gc]", "auto = 0", "[submodule]", "recurse = false",
            "[diff]", "external =", "[log]", "showSignature = false", "[status]", "submoduleSummary = false",
        ]
        var hasExtension = false
        for key in meanings {
            guard let value = text[key], value.count < 32, value.utf8.allSatisfy({ $0.isPlain }) else { continue }
            let parts = key.split(separator: ".")
            lines += ["[\(parts[0])]", "\(parts[1]) = \(value)"]
            hasExtension = hasExtension || parts[0] == "extensions"
        }
        lines += ["[core]", "repositoryFormatVersion = \(hasExtension ? 1 : 0)"]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

extension UInt8 {
    fileprivate var isHexadecimal: Bool { (0x30...0x39).contains(self) || (0x61...0x66).contains(self) }

    /// A letter, a digit, or one of the signs that mean nothing to git in a name.
    var isPlain: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self)
            || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains(self)
    }
}
