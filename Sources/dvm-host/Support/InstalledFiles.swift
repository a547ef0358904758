internal import DVMProtocol

/// What `make install` put below a prefix, by the list it left there.
struct InstalledFiles: Hashable, Sendable {
    /// A file of the list, by its path below the prefix.
    struct Entry: Hashable, Sendable {
        enum Contents: Hashable, Sendable {
            /// A file with this SHA-256, in hexadecimal digits.
            case digest(String)
            /// A link that says this.
            case link(String)
        }

        var path: FilePath
        var contents: Contents
    }

    var prefix: FilePath
    var entries: [Entry]

    /// Where the list is below a prefix.
    static let manifest: FilePath = "share/dvm/manifest"
    private static let largestManifest = 1 << 20
    private static let largestFile = 512 << 20

    /// The list beside a program; nothing where it was not installed by one that left a list.
    init?(beside executable: FilePath) {
        let prefix = executable.removingLastComponent().removingLastComponent()
        guard let text = Files.text(of: prefix.pushing(Self.manifest), limit: Self.largestManifest) else { return nil }
        self.init(prefix: prefix, manifest: text)
    }

    /// Reads a list: lines of a digest or `link:` with what a link says, a space, and a path; others are passed over.
    init(prefix: FilePath, manifest: String) {
        self.prefix = prefix
        entries = manifest.split(whereSeparator: \.isNewline).compactMap { line in
            guard let space = line.firstIndex(of: " ") else { return nil }
            let path = FilePath(String(line[line.index(after: space)...]))
            // Whoever wrote it, it reaches nothing beside the prefix.
            let isBelow = path.isRelative && !path.isEmpty && path.components.allSatisfy { $0.kind == .regular }
            guard isBelow else { return nil }
            let word = line[..<space]
            if word.hasPrefix("link:") { return Entry(path: path, contents: .link(String(word.dropFirst(5)))) }
            let isDigest = word.utf8.count == 64 && word.utf8.allSatisfy("0123456789abcdef".utf8.contains)
            return isDigest ? Entry(path: path, contents: .digest(String(word))) : nil
        }
    }

    /// Whether a file is still what was installed; nothing when it is gone.
    func isOwn(_ entry: Entry) -> Bool? {
        let path = prefix.pushing(entry.path)
        guard let status = try? FileStatus(ofLink: path) else { return nil }
        switch entry.contents {
        case .link(let said): return status.kind == .link && (try? Files.target(ofLink: path)) == FilePath(said)
        case .digest(let digest):
            guard status.kind == .file, status.size <= Self.largestFile,
                let file = try? FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec, .nonBlocking])
            else { return false }
            defer { try? file.close() }
            var hash = SHA256()
            var offset = 0
            while let chunk = try? Files.read(file, from: offset, limit: (1 << 20) - 1), !chunk.isEmpty {
                hash.update(chunk)
                offset += chunk.count
            }
            return hash.finish().hexadecimal == digest
        }
    }

    /// The directories that files of the list are in and that are dvm's alone, deepest first.
    var ownDirectories: [FilePath] {
        let own = FilePath("share/dvm")
        var found: Set<FilePath> = []
        for entry in entries + [Entry(path: Self.manifest, contents: .link(""))] where entry.path.starts(with: own) {
            var directory = entry.path.removingLastComponent()
            while directory.starts(with: own), found.insert(directory).inserted { directory.removeLastComponent() }
        }
        return found.sorted { $0.components.count > $1.components.count }.map { prefix.pushing($0) }
    }
}
