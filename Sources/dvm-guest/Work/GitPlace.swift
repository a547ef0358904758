internal import DVMProtocol
internal import Glibc

/// Where git keeps what belongs to some files, found out without git.
struct GitPlace {
    /// The git directory of these files: `HEAD` and the index are there.
    var own: FilePath
    /// The git directory it shares with other work trees, most often the same: branches, objects, configuration.
    var common: FilePath
    /// The names in `own`.
    var names: Set<String>

    /// Whether other work trees share the repository.
    var isLinked: Bool { own != common }

    /// The git directory that a work tree's `.git` is or names.
    ///
    /// - Throws: a `Refusal` that says why there is none.
    init(ofWorkTree directory: FilePath, project: FilePath) throws(Refusal) {
        let dot = directory.appending(".git")
        guard let status = Status.of(dot) else { throw Refusal("its .git is gone") }
        guard status.isRegular else {
            try self.init(dot)
            return
        }
        let text = try TextFile.readBytes(dot)
        let head = Array("gitdir: ".utf8)
        guard text.starts(with: head),
            let named = Self.path(in: text.dropFirst(head.count), from: directory, project: project)
        else { throw Refusal("its .git names no git directory") }
        try self.init(named, project: project)
    }

    /// A git directory.
    ///
    /// - Throws: a `Refusal` when git would not take it for one.
    init(_ path: FilePath, project: FilePath? = nil) throws(Refusal) {
        own = path.lexicallyNormalized()
        guard let listed = try? Listing.read(path) else { throw Refusal("its git directory \(path) cannot be read") }
        names = Set(listed)
        guard names.contains("HEAD") else { throw Refusal("\(path) is no git directory") }
        common = own
        guard names.contains("commondir") else { return }
        let text = try TextFile.readBytes(path.appending("commondir"))
        guard let named = Self.path(in: text[...], from: path, project: project ?? path) else {
            throw Refusal("its commondir names no directory")
        }
        common = named.lexicallyNormalized()
    }

    /// The path in a file of git's: line ends at its end do not count, and what is not absolute is meant from a directory.
    ///
    /// In the sandbox of AI tools the project is `/workspace`, and so it is in what git writes there.
    static func path(in text: ArraySlice<UInt8>, from directory: FilePath, project: FilePath) -> FilePath? {
        var line = text
        while let last = line.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { line.removeLast() }
        guard let path = FilePath(bytes: line) else { return nil }
        guard path.isAbsolute else { return directory.pushing(path).lexicallyNormalized() }
        var inside = path.lexicallyNormalized()
        return inside.removePrefix("/workspace") ? project.pushing(inside) : path
    }

    /// What git would say was begun here and not ended.
    var operations: [String] {
        Self.marks.filter { names.contains($0.name) }.map(\.operation)
    }

    private static let marks: [(name: String, operation: String)] = [
        ("rebase-merge", "rebase"), ("rebase-apply", "rebase or am"), ("MERGE_HEAD", "merge"),
        ("CHERRY_PICK_HEAD", "cherry-pick"), ("REVERT_HEAD", "revert"), ("BISECT_LOG", "bisect"),
    ]
}
