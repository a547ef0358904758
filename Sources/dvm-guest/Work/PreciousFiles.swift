internal import DVMProtocol
internal import Glibc

/// Which ignored files are worth asking about: those that no build makes again.
enum Precious {
    /// Bytes from which a file counts whatever its name.
    static let large = 20 << 20

    /// Whether a name is that of a secret, a database or somebody's own settings.
    static func isName(_ name: [UInt8]) -> Bool {
        if SecretFiles.verdict(name) != .unknown { return true }
        let name = String(decoding: name, as: UTF8.self).lowercased()
        return endings.contains { name.hasSuffix($0) }
    }

    private static let endings = [
        ".sqlite", ".sqlite3", ".sqlite-wal", ".db", ".db3", ".db-wal", ".mdb", ".duckdb", ".rdb", ".dump", ".sql",
        ".tfstate", ".tfvars", ".gpg", ".asc", ".age",
    ]

    /// Whether nobody looks for precious files in a directory of this name: what is in it, programs fill in again.
    static func isRefilled(_ name: [UInt8]) -> Bool { SecretFiles.isVendorTree(name) || isCache(name) }

    /// Directories of programs that fill them again by themselves, beside those of `SecretFiles`.
    static func isCache(_ name: [UInt8]) -> Bool { caches.contains(String(decoding: name, as: UTF8.self)) }

    private static let caches: Set<String> = [
        ".mypy_cache", ".pytest_cache", ".ruff_cache", ".cache", ".terraform", ".direnv", "Pods", "DerivedData",
        ".turbo", ".parcel-cache", ".nuxt", ".svelte-kit", "coverage", "obj", "_build", "deps",
    ]
}

/// A look through what git ignores in a repository.
///
/// It starts from what git names, so that no number of files which git keeps can hide one that it does not.
struct PreciousFiles {
    private(set) var found = Sample()
    private(set) var unknown: [String] = []

    private let tree: ProjectTree
    private let top: TreePath
    private let deadline: ContinuousClock.Instant

    /// The most of what could not be looked at that is told one by one; how deep directories are gone into.
    private static let most = (unknown: 20, depth: 128)

    /// Looks through what git has named.
    ///
    /// - Parameters:
    ///   - ignored: paths relative to the repository; directories end with a slash.
    ///   - top: the repository.
    ///   - tree: the code directory.
    ///   - deadline: when all must be over.
    /// - Returns: what is precious, and what could not be looked at.
    static func among(
        _ ignored: StatusText.Paths,
        of top: TreePath,
        in tree: ProjectTree,
        until deadline: ContinuousClock.Instant
    ) -> Self {
        var look = Self(tree: tree, top: top, deadline: deadline)
        for path in ignored.kept { look.take(path) }
        let rest = ignored.count - ignored.kept.count
        if rest > 0 { look.unknown.append("\(rest) of the \(ignored.count) files and directories that git ignores") }
        return look
    }

    private init(tree: ProjectTree, top: TreePath, deadline: ContinuousClock.Instant) {
        self.tree = tree
        self.top = top
        self.deadline = deadline
    }

    private mutating func take(_ path: [UInt8]) {
        let isDirectory = path.last == UInt8(ascii: "/")
        guard let below = TreePath(checking: isDirectory ? path.dropLast() : path[...]), !below.parts.isEmpty else {
            return miss("something that git ignores")
        }
        let directories = isDirectory ? below.parts[...] : below.parts.dropLast()
        guard !directories.contains(where: Precious.isRefilled) else { return }
        let place = below.parts.reduce(top) { $0.appending($1) }
        guard isDirectory else {
            let status = tree.status(place)
            // What cannot be looked at counts for what its name says, and for a large one.
            if let status, !status.isRegular { return }
            if Precious.isName(below.name) || status?.size ?? Precious.large >= Precious.large { found.add("\(below)") }
            return
        }
        guard let directory = try? tree.directory(place),
            let status = try? Status.of(directory.raw, called: "a directory")
        else { return miss("\(below)") }
        visit(directory, below, depth: 0, device: status.device)
    }

    private mutating func visit(
        _ directory: borrowing OwnedDescriptor,
        _ path: TreePath,
        depth: Int,
        device: UInt64
    ) {
        guard depth < Self.most.depth, ContinuousClock.now < deadline, let entries = ProjectTree.entries(directory)
        else { return miss("\(path)") }
        // Another repository is told of by itself.
        if entries.contains(where: { $0.name.elementsEqual(".git".utf8) && $0.kind != .other }) { return }
        let isBare = Repositories.looksBare(entries)
        for entry in entries where !isBare || !Repositories.isOwn(entry.name) {
            let place = path.appending(entry.name)
            switch entry.kind {
            case .directory where Precious.isRefilled(entry.name): continue
            case .directory:
                guard let next = ProjectTree.enter(entry.name, of: directory, on: device) else {
                    if Status.of(entry.name, in: directory.raw) != nil { miss("\(place)") }
                    continue
                }
                visit(next, place, depth: depth + 1, device: device)
            case .file:
                guard
                    Precious.isName(entry.name)
                        || Status.of(entry.name, in: directory.raw)?.size ?? 0 >= Precious.large
                else { continue }
                found.add("\(place)")
            case .link, .other: continue
            }
        }
    }

    private mutating func miss(_ what: String) {
        if unknown.count < Self.most.unknown {
            unknown.append(String(what.prefix(400)))
        } else if unknown.count == Self.most.unknown {
            unknown.append("and more")
        }
    }
}
