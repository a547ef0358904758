internal import DVMProtocol

/// What a project has that a session must not see or change: found by its owner, believed by nobody.
///
/// Everything has its number in the file system: what root finds at a path must be that.
struct Survey: Hashable, Codable {
    /// A directory that git takes for a repository's own, with those of `ProtectedNames.ofRepository` it has.
    struct Repository: Hashable, Codable {
        var path: TreePath
        /// Absent when it is not there.
        var inode: UInt64?
        var present: [String: UInt64]
    }

    /// The project's own git directory, where that is a directory of the project.
    var main: TreePath?
    /// Git directories: the project's, those of its submodules and work trees, and of repositories near the top.
    var repositories: [Repository] = []
    /// `.git` that are files, which say where the git directory is.
    var gitFiles: [TreePath: UInt64] = [:]
    /// Paths that stay as they are: what programs run by themselves, and what the configuration protects.
    var protected: [TreePath: UInt64] = [:]
    /// Files that appear empty.
    var secrets: [TreePath: UInt64] = [:]
    /// Whether everything was looked at that should be.
    var complete = true
    /// Why there may be secrets that were not found; `nil` when there are none.
    var unsearched: Unsearched?
    /// Whether nothing was renamed under its hands.
    var stable = true

    /// Why a project could not be looked through for secrets to its end.
    enum Unsearched: Hashable, Codable {
        /// More files and directories than are looked at.
        case tooManyEntries
        /// More files of which only the contents could tell than are opened.
        case tooManyFiles
        /// A directory that its owner closed: a session that runs could open it again.
        case closed(TreePath)
    }

    /// More of anything is no project people work on, or one made to exhaust the launcher.
    static let mostPaths = 512
}

/// What is done to one path before a session.
struct CarveOut: Hashable {
    enum Kind: Hashable {
        /// A mount of its own and nothing else: it cannot be renamed or removed, and another put in its place.
        case pinned
        case readOnly
        /// An empty file in its place.
        case hidden
        /// A copy of the session's own in its place.
        case shadowed
    }

    var path: TreePath
    var kind: Kind
    /// The number of the file or directory it must be.
    ///
    /// Absent where it is only pinned because of what is in it, which has one; and in a shadow, which has its own.
    var inode: UInt64?
}

extension Survey {
    /// What to do to which path, outermost first.
    ///
    /// Pure.
    ///
    /// Above everything read-only or hidden each directory is pinned: otherwise it could be moved away, with what is
    /// protected in it, and another put in its place, or to where the next session does not find what is to be hidden.
    func carveOuts(_ mode: AgentPolicy.Git) -> [CarveOut] {
        var kinds: [TreePath: CarveOut.Kind] = [:]
        var inodes: [TreePath: UInt64] = [:]
        func pin(above path: TreePath) {
            for directory in path.ancestors where kinds[directory] == nil { kinds[directory] = .pinned }
        }
        func protect(_ path: TreePath, _ inode: UInt64?) {
            guard path != .top else { return }
            kinds[path] = .readOnly
            inodes[path] = inode
            pin(above: path)
        }
        for repository in repositories {
            if repository.path != .top { inodes[repository.path] = repository.inode }
            // What is in a shadow is a copy; nothing of it comes back but commits.
            if mode == .shadow, let main, repository.path.isAtOrBelow(main) { continue }
            // The project itself may be one that has no work tree; it cannot be mounted read-only as a whole.
            if mode == .readOnly, repository.path != .top {
                protect(repository.path, repository.inode)
            } else {
                for (name, inode) in repository.present { protect(repository.path.appending(name), inode) }
                if repository.path != .top, kinds[repository.path] == nil { kinds[repository.path] = .pinned }
                pin(above: repository.path)
            }
        }
        for (path, inode) in gitFiles.merging(protected, uniquingKeysWith: { one, _ in one }) { protect(path, inode) }
        for (path, inode) in secrets {
            kinds[path] = .hidden
            inodes[path] = inode
            pin(above: path)
        }
        // Last: of what is protected in it, a copy is covered.
        if mode == .shadow, let main, main != .top {
            for path in kinds.keys where path != main && path.isAtOrBelow(main) { inodes[path] = secrets[path] }
            kinds[main] = .shadowed
            pin(above: main)
        }
        // What lies in something read-only is read-only already, unless something else is in its place.
        let closed = Set(kinds.filter { $0.value == .readOnly }.keys)
        return kinds.filter { path, kind in
            kind == .hidden || kind == .shadowed || !path.ancestors.contains(where: closed.contains)
        }
        .map { CarveOut(path: $0, kind: $1, inode: inodes[$0]) }.sorted { $0.path < $1.path }
    }
}
