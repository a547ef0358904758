internal import DVMProtocol

/// What a project had before a session, as far as it is compared afterwards.
struct Inventory: Hashable, Codable {
    /// A file as it was.
    struct Kept: Hashable, Codable {
        var inode: UInt64
        var changed: Int
        var mode: UInt32
        /// Its text, a byte a character; absent when it was large, or a link.
        var text: String?

        init(_ status: Status, text: [UInt8]?) {
            inode = status.inode
            changed = status.changed
            mode = status.mode & 0o777
            self.text = text.map(Latin.text)
        }

        /// Whether a file is this one, untouched: nobody but the kernel sets the time of the last change.
        func isUntouched(_ status: Status) -> Bool { inode == status.inode && changed == status.changed }
    }

    /// The project's own git directory, where that is a directory of the project.
    var main: TreePath?
    /// Files that make git run something or look elsewhere, in every git directory that was known.
    var watched: [TreePath: Kept] = [:]
    /// `.git` that were files.
    var gitFiles: [TreePath: Kept] = [:]
    /// Git directories that were known.
    var repositories: Set<TreePath> = []
    /// Other repositories in the indexes, and files whose changes git was told not to show.
    var links: Set<TreePath> = []
    var unseen: Set<TreePath> = []
    /// Files that sessions cannot change.
    var protected: [TreePath: Kept] = [:]
    /// The files that were hidden, by their numbers in the file system.
    var secrets: [UInt64: TreePath] = [:]
    /// Whether everything was looked at that should be.
    var complete = true
    /// Git directories and files called `.git` whose state here is the one before this session, since a review saw them
    /// whole; that of all others is the one before an older session, where there was one.
    var renewed: Set<TreePath>?

    /// What to look for, and what was seen whole by the last review: by its path and number in the file system.
    struct Order: Hashable, Codable {
        var rules: Surveyor.Order
        var settled: [TreePath: UInt64] = [:]
    }

    /// All texts together: the inventory travels in a frame.
    static let mostText = 48 * 1024
    /// All files together, for the same reason.
    static let mostFiles = 600

    /// What a project has now.
    static func take(_ tree: ProjectTree, _ order: Order) -> Self {
        let survey = Surveyor.survey(tree, order.rules)
        var inventory = Self()
        // Another directory in its place is one that nobody has reviewed.
        let same = order.settled.filter { path, inode in tree.status(path)?.inode == inode }
        inventory.renewed = same.isEmpty ? nil : Set(same.keys)
        inventory.complete = survey.complete
        inventory.main = survey.main
        inventory.secrets = Dictionary(survey.secrets.map { ($0.value, $0.key) }) { one, _ in one }
        inventory.repositories = Set(survey.repositories.map(\.path))
        var textLeft = mostText
        for repository in survey.repositories {
            for path in Watched.paths(in: repository.path, tree) {
                inventory.keep(path, in: \.watched, tree, &textLeft)
            }
            let index = Watched.index(of: repository.path, tree)
            inventory.links.formUnion(index.links)
            inventory.unseen.formUnion(index.unseen)
            if index.isCut { inventory.complete = false }
        }
        // A repository with hundreds of them: what is new cannot be told any more.
        for paths in [\Self.links, \.unseen] where inventory[keyPath: paths].count > mostFiles {
            inventory[keyPath: paths] = []
            inventory.complete = false
        }
        // Names can be of any length, and an agent wrote the index: it must not fill the frame it travels in.
        let length = inventory.links.union(inventory.unseen).reduce(0) { $0 + $1.cString.count }
        if length > mostText {
            (inventory.links, inventory.unseen, inventory.complete) = ([], [], false)
        }
        for path in survey.gitFiles.keys.sorted() { inventory.keep(path, in: \.gitFiles, tree, &textLeft) }
        for path in survey.protected.keys.sorted().flatMap({ Watched.files(at: $0, tree) }) {
            inventory.keep(path, in: \.protected, tree, &textLeft, withText: false)
        }
        return inventory
    }

    /// This, with git's state as it was earlier, but for what is `renewed`.
    ///
    /// The rest is what a session found by itself. Nothing of that is put back, so nothing can be laundered: what others
    /// did to it is in their reports.
    func withGit(of earlier: Self) -> Self {
        let renewed = renewable(since: earlier)
        let known = repositories.union(earlier.repositories)
        // A file may belong to two: one called `hooks` in another.
        func isRenewed(_ owners: some Collection<TreePath>) -> Bool {
            !owners.isEmpty && owners.allSatisfy(renewed.contains)
        }
        func isWatched(_ path: TreePath) -> Bool { isRenewed(Watched.owners(of: path).filter(known.contains)) }
        func isIndexed(_ path: TreePath) -> Bool {
            !renewed.isEmpty && isRenewed(known.filter { path.isAtOrBelow(Watched.top(of: $0)) })
        }
        var inventory = self
        inventory.renewed = renewed.isEmpty ? nil : renewed
        inventory.watched = earlier.watched.filter { !isWatched($0.key) }
        inventory.watched.merge(watched.filter { isWatched($0.key) }) { $1 }
        inventory.gitFiles = earlier.gitFiles.filter { !renewed.contains($0.key) }
        inventory.gitFiles.merge(gitFiles.filter { renewed.contains($0.key) }) { $1 }
        inventory.repositories = earlier.repositories.subtracting(renewed).union(repositories.intersection(renewed))
        inventory.links = earlier.links.filter { !isIndexed($0) }.union(links.filter(isIndexed))
        inventory.unseen = earlier.unseen.filter { !isIndexed($0) }.union(unseen.filter(isIndexed))
        inventory.complete = complete && earlier.complete
        return inventory
    }

    /// What can be taken as it is now.
    ///
    /// What was known, and is not found any more, stays known as it was: so it is looked at before everything else.
    private func renewable(since earlier: Self) -> Set<TreePath> {
        (renewed ?? []).filter { path in
            let isFound = repositories.contains(path) || gitFiles[path] != nil
            return isFound || !earlier.repositories.contains(path) && earlier.gitFiles[path] == nil
        }
    }

    private mutating func keep(
        _ path: TreePath,
        in files: WritableKeyPath<Self, [TreePath: Kept]>,
        _ tree: ProjectTree,
        _ textLeft: inout Int,
        withText: Bool = true
    ) {
        guard watched.count + gitFiles.count + protected.count < Self.mostFiles else {
            complete = false
            return
        }
        guard let status = tree.status(path) else { return }
        var text = withText && status.isRegular && status.size <= textLeft ? tree.read(path, atMost: textLeft) : nil
        // Cut off while it was read, or not text that could be put back as it was.
        if text?.count != status.size { text = nil }
        textLeft -= text?.count ?? 0
        self[keyPath: files][path] = Kept(status, text: text)
    }
}

/// The files through which a git directory makes git do something.
enum Watched {
    /// Those there are: configuration, what leads elsewhere, attributes that choose filters, hooks.
    static func paths(in repository: TreePath, _ tree: ProjectTree) -> [TreePath] {
        var paths = ["config", "config.worktree", "commondir", "info/attributes"].map(repository.appending)
        let hooks = repository.appending("hooks")
        guard tree.status(hooks)?.isSymbolicLink != true else { return paths + [hooks] }
        // What `git init` leaves there is never run under these names.
        let named = tree.entries(hooks)?.map(\.name).filter { !$0.suffix(7).elementsEqual(".sample".utf8) }
        // One that cannot be listed, or not whole, or holds more than anybody has: git runs what is in it all the same.
        if tree.status(hooks) != nil, named.map({ $0.count > 64 }) ?? true { paths.append(hooks) }
        paths += (named ?? []).prefix(64).map(hooks.appending)
        return paths.filter { tree.status($0) != nil }
    }

    /// The directories of which a file could be one of these, whether or not they are git's.
    static func owners(of path: TreePath) -> [TreePath] {
        let isDeeper = ["hooks", "info"].contains { path.parent.name.elementsEqual($0.utf8) }
        return [path.parent] + (isDeeper ? [path.parent.parent] : [])
    }

    /// What the paths in a repository's index are relative to.
    ///
    /// A repository in the project lies in its work tree; of others it is not known where that is.
    static func top(of repository: TreePath) -> TreePath {
        repository.name.elementsEqual(".git".utf8) ? repository.parent : repository
    }

    /// A file, or what is in a directory.
    static func files(at path: TreePath, _ tree: ProjectTree) -> [TreePath] {
        guard tree.status(path)?.isDirectory == true else { return [path] }
        return (tree.entries(path) ?? []).filter { $0.kind != .directory }.map { path.appending($0.name) }
    }

    /// What the indexes of a repository say, as paths of the project.
    struct Indexes {
        var links: Set<TreePath> = []
        var unseen: Set<TreePath> = []
        /// Whether there are more of either than are kept.
        var isCut = false
        /// Those that say nothing that is understood, and directories in which there may be more.
        var unknown: [TreePath] = []
    }

    static func index(of repository: TreePath, _ tree: ProjectTree) -> Indexes {
        let settings = tree.read(repository.appending("config"), atMost: 1 << 20).flatMap(GitConfigText.init)
        let hash = settings?["extensions.objectformat"]?.lowercased() == "sha256" ? 32 : 20
        let top = top(of: repository)
        var indexes = Indexes()
        let entries = tree.entries(repository)
        if entries == nil, tree.status(repository) != nil { indexes.unknown.append(repository) }
        let shared = (entries ?? []).map(\.name).filter { $0.starts(with: "sharedindex.".utf8) }
        // git has one at a time, and for a moment two; who makes more may hide one among them.
        for name in [Array("index".utf8)] + shared.prefix(4) {
            let path = repository.appending(name)
            guard let status = tree.status(path) else { continue }
            guard let bytes = tree.read(path, atMost: 64 << 20), bytes.count == status.size,
                let index = GitIndex(bytes, hash: hash)
            else {
                indexes.unknown.append(path)
                continue
            }
            for path in index.links { indexes.links.insert(path.parts.reduce(top) { $0.appending($1) }) }
            for path in index.unseen { indexes.unseen.insert(path.parts.reduce(top) { $0.appending($1) }) }
            if index.linksBeyond + index.unseenBeyond > 0 { indexes.isCut = true }
        }
        indexes.unknown += shared.dropFirst(4).map(repository.appending)
        return indexes
    }

    /// Whether a setting is what git itself writes for a submodule: where its files are, in the project.
    ///
    /// Anywhere else, a plain `git checkout` would write there, and `git clean` remove.
    private static func isOwnWorkTree(_ setting: GitConfigText.Setting, of repository: TreePath) -> Bool {
        setting.kind == "core.worktree" && !setting.value.hasPrefix("/")
            && repository.parts.contains(Array("modules".utf8))
            && repository.resolving(Array(setting.value.utf8)) != nil
    }

    /// Whether a file of a git directory can stay, whoever wrote it.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - repository: the git directory it is in.
    ///   - text: what it says.
    ///   - before: what it said before the session, if it was there.
    ///   - mode: its mode, with its kind.
    /// - Returns: whether it can.
    static func isHarmless(_ path: TreePath, of repository: TreePath, text: [UInt8]?, before: [UInt8]?, mode: UInt32)
        -> Bool
    {
        // Links lead to what can be changed later.
        guard mode & 0o170000 == 0o100000, let text else { return false }
        switch String(decoding: path.name, as: UTF8.self) {
        case "config" where path.parent == repository, "config.worktree" where path.parent == repository:
            guard let settings = GitConfigText(text) else { return false }
            // One that says nothing yet is for something that is still to come.
            if settings.settings.isEmpty, path.name.count > "config".utf8.count { return false }
            return settings.harm(beyond: before.flatMap(GitConfigText.init)).allSatisfy {
                isOwnWorkTree($0, of: repository)
            }
        case "commondir" where path.parent == repository:
            // As `git worktree add` writes it.
            return repository.parent.name.elementsEqual("worktrees".utf8)
                && ["../..", "../..\n"].contains { text.elementsEqual($0.utf8) }
        default:
            // A hook, though it may not be executable yet; or attributes, which git never writes there by itself.
            return false
        }
    }
}
