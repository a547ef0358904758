internal import DVMProtocol

/// Where git directories of a project are, and what says so.
enum Repositories {
    /// The git directory that a `.git` file names.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - text: what it says.
    ///   - roots: what the project's own top is called, in and outside the sandbox.
    /// - Returns: `nil` when it is outside the project or the file is none.
    static func target(ofGitFile path: TreePath, _ text: [UInt8], roots: [String]) -> TreePath? {
        // As git reads it: one blank, and line ends are cut off at the end only.
        guard text.starts(with: "gitdir: ".utf8) else { return nil }
        let ends = [UInt8(ascii: "\n"), UInt8(ascii: "\r")]
        var line = text.dropFirst("gitdir: ".utf8.count)
        while let last = line.last, ends.contains(last) { line.removeLast() }
        guard !line.contains(where: { ends.contains($0) || $0 == 0 }) else { return nil }
        return resolve(line, in: path.parent, roots: roots)
    }

    /// What a path written in a file means, if that is in the project.
    static func resolve(_ text: some Collection<UInt8>, in directory: TreePath, roots: [String]) -> TreePath? {
        guard !text.isEmpty else { return nil }
        guard text.first == UInt8(ascii: "/") else { return directory.resolving(text) }
        for root in roots where text.starts(with: root.utf8) {
            let rest = text.dropFirst(root.utf8.count)
            if rest.isEmpty || rest.first == UInt8(ascii: "/") { return TreePath.top.resolving(rest) }
        }
        return nil
    }

    /// Whether a directory with these entries is one that git would take for a repository without a work tree.
    static func looksBare(_ entries: DirectoryEntries) -> Bool {
        ["HEAD", "objects", "refs"].allSatisfy(entries.contains(name:))
    }

    /// Whether git itself may have something of this name in a repository without a work tree.
    ///
    /// Three names make a repository, and whatever else lies beside them is no part of it.
    static func isOwn(_ name: [UInt8]) -> Bool { own.contains(String(decoding: name, as: UTF8.self)) }

    private static let own: Set<String> = [
        "HEAD", "objects", "refs", "config", "config.worktree", "description", "hooks", "info", "packed-refs",
        "branches", "logs", "worktrees", "modules", "index", "shallow", "lfs", "rr-cache", "reftable", "FETCH_HEAD",
        "ORIG_HEAD",
        "COMMIT_EDITMSG", "gc.log", "gc.pid",
    ]

    /// The git directories inside one: of submodules, however deep their names are, and of work trees.
    ///
    /// - Returns: those, and the directories that could not be listed, in which git finds what it knows the name of.
    static func inner(of repository: TreePath, in tree: ProjectTree) -> (found: [TreePath], closed: [TreePath]) {
        var found: [TreePath] = []
        var closed: [TreePath] = []
        var left = mostListed
        func entries(_ path: TreePath) -> DirectoryEntries {
            left -= 1
            guard left > 0, let entries = tree.entries(path) else {
                if tree.status(path) != nil { closed.append(path) }
                return []
            }
            return entries
        }
        var repositories = [repository]
        while let repository = repositories.popLast() {
            let trees = repository.appending("worktrees")
            found += entries(trees).filter { $0.kind == .directory }.map { trees.appending($0.name) }
            var waiting = [(path: repository.appending("modules"), depth: 0)]
            while let (path, depth) = waiting.popLast(), found.count < Survey.mostPaths {
                let entries = entries(path)
                // Also what only prepares one: git would take the directory for a submodule that is added later.
                if ["HEAD", "config", "hooks"].contains(where: entries.contains(name:)) {
                    found.append(path)
                }
                guard !entries.contains(name: "HEAD") else {
                    repositories.append(path)
                    continue
                }
                guard depth < 8 else { continue }
                waiting += entries.filter { $0.kind == .directory }.map { (path.appending($0.name), depth + 1) }
            }
        }
        return (found, closed)
    }

    /// More directories than the submodules of any project have.
    private static let mostListed = 20_000

    /// What a repository has of what git runs and obeys.
    static func survey(_ path: TreePath, in tree: ProjectTree, _ names: [String]) -> Survey.Repository {
        let present = names.compactMap { name in tree.status(path.appending(name)).map { (name, $0.inode) } }
        return Survey.Repository(
            path: path,
            inode: tree.status(path)?.inode,
            present: Dictionary(present) { one, _ in one }
        )
    }
}
