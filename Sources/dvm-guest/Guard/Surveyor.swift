internal import DVMProtocol
internal import Glibc

/// Looks through a project before a session, as the files' owner.
struct Surveyor {
    /// What to look for.
    struct Order: Hashable, Codable {
        /// The project's path, for files that name others by it.
        var project: String
        /// The owner's home.
        var home: String
        var git: AgentPolicy.Git
        var hidesSecrets: Bool
        /// Paths the configuration protects.
        var protected: [ProjectPath]

        init(_ agent: Spawn.Agent) {
            project = agent.project
            home = agent.developerHome
            git = agent.policy.git
            hidesSecrets = agent.policy.secrets == .hidden
            protected = agent.policy.protected
        }
    }

    /// How deep below the project secrets and other repositories are looked for.
    static let depth = 3
    /// What is looked at before it is given up.
    struct Room: Equatable {
        /// Entries of directories; a directory that is looked into counts twice, since it is remembered meanwhile.
        var entries: Int
        /// Files whose text is looked at.
        var opened: Int

        /// Some seconds; a project people work on takes a thousandth of it.
        static let usual = Self(entries: 2_000_000, opened: 100_000)
    }

    private let tree: ProjectTree
    private let order: Order
    private var survey = Survey()
    private var left: Room
    /// The directories as they were before they were read: an agent makes as many as it likes, so no more than it takes.
    private var seen: [(path: TreePath, inode: UInt64, changed: Int)] = []
    /// What their paths and numbers come to, in the order in which they were looked into.
    private var digest = Hasher()

    private init(_ tree: ProjectTree, _ order: Order, _ room: Room) {
        self.tree = tree
        self.order = order
        left = room
    }

    /// What a project has that a session must not see or change.
    ///
    /// Whoever renames directories at the right moment keeps what is in them from being found. So it is done again until
    /// no directory changed meanwhile; or, since programs of the developer may go on making files, until it has found
    /// the same in the same directories several times in a row.
    static func survey(_ tree: ProjectTree, _ order: Order, within room: Room = .usual) -> Survey {
        let begun = ContinuousClock.now
        var deadline = begun + patience
        var last: Pass?
        var repetitions = 0
        while true {
            var pass = once(tree, order, room, since: ChangeClock().started - grain)
            // In a large project one pass takes longer than all of them in a small one.
            if last == nil { deadline = max(deadline, begun + begun.duration(to: .now) * (mostRepetitions + 2)) }
            repetitions = pass == last ? repetitions + 1 : 0
            if repetitions >= mostRepetitions { pass.survey.stable = true }
            if pass.survey.stable || ContinuousClock.now > deadline { return pass.survey }
            last = pass
            usleep(UInt32(grain / 1000))
        }
    }

    /// How long a project may be restless.
    private static let patience = Duration.seconds(1)
    /// Two changes within this many nanoseconds may have the same time: a tick of the slowest clock, doubled.
    private static let grain = 20_000_000
    /// A directory that is being moved about is missed in one pass of a hundred; never in so many that follow.
    private static let mostRepetitions = 5

    /// What one walk found, and what the directories came to in which it did.
    private struct Pass: Equatable {
        var survey: Survey
        var digest: Int
    }

    private static func once(_ tree: ProjectTree, _ order: Order, _ room: Room, since: Int) -> Pass {
        var surveyor = Self(tree, order, room)
        surveyor.lookAtRepository()
        if let top = try? tree.directory(.top), let status = try? Status.of(top.raw, called: "the project") {
            surveyor.walk(top, .top, depth: 1, device: status.device)
        }
        surveyor.lookAtNames()
        surveyor.survey.stable = surveyor.seen.allSatisfy { path, inode, changed in
            guard let now = tree.status(path) else { return false }
            return now.inode == inode && now.changed == changed && changed < since
        }
        return Pass(survey: surveyor.survey, digest: surveyor.digest.finalize())
    }

    private var roots: [String] { [order.project, "/workspace"] }

    // MARK: Git

    private mutating func lookAtRepository() {
        let dotGit = TreePath(".git")
        if let status = tree.status(dotGit) {
            if status.isDirectory {
                survey.main = dotGit
            } else {
                // Also a link, which root refuses to follow.
                survey.gitFiles[dotGit] = status.inode
                let text = tree.read(dotGit, atMost: 4096) ?? []
                survey.main = Repositories.target(ofGitFile: dotGit, text, roots: roots)
            }
        } else if let entries = tree.entries(.top), Repositories.looksBare(entries) {
            survey.main = .top
        }
        if let main = survey.main { add(main) }
        let settings = GitSettings(of: survey.main, in: tree, roots: roots, home: order.home)
        for path in settings.paths { protect(path) }
    }

    private mutating func add(_ repository: TreePath) {
        let top = repository == .top && order.git == .readOnly
        let names = ProtectedNames.ofRepository + (top ? ["HEAD", "objects", "refs", "packed-refs", "logs"] : [])
        let inner = Repositories.inner(of: repository, in: tree)
        if !inner.closed.isEmpty { survey.complete = false }
        for path in [repository] + inner.found {
            guard survey.repositories.count < Survey.mostPaths else {
                survey.complete = false
                return
            }
            guard !survey.repositories.contains(where: { $0.path == path }) else { continue }
            survey.repositories.append(Repositories.survey(path, in: tree, names))
        }
    }

    // MARK: Names

    private mutating func lookAtNames() {
        let named = ProtectedNames.top + order.protected.map { TreePath($0.description) }
        for path in named {
            // A link on the way is what root refuses; whether anything is behind it is not asked.
            let parts = path.ancestors + [path]
            if let link = parts.first(where: { tree.status($0)?.isSymbolicLink == true }) {
                protect(link)
            } else {
                protect(path)
            }
        }
    }

    /// Takes note of a path that is to stay as it is, if anything is there.
    private mutating func protect(_ path: TreePath) {
        guard survey.protected[path] == nil, let status = tree.status(path) else { return }
        guard survey.protected.count < Survey.mostPaths else {
            survey.complete = false
            return
        }
        survey.protected[path] = status.inode
    }

    // MARK: Secrets, and repositories in the project

    private mutating func walk(_ directory: borrowing OwnedDescriptor, _ path: TreePath, depth: Int, device: UInt64) {
        guard left.entries > 0 else { return miss(.tooManyEntries) }
        if let status = try? Status.of(directory.raw, called: "a directory") {
            seen.append((path, status.inode, status.changed))
            digest.combine(path)
            digest.combine(status.inode)
            left.entries -= 1
        }
        guard let entries = ProjectTree.entries(directory, within: &left.entries) else {
            miss(left.entries > 0 ? .closed(path) : .tooManyEntries)
            return
        }
        for entry in entries {
            let place = path.appending(entry.name)
            if entry.name.elementsEqual(".git".utf8) {
                if path != .top { lookAtNested(place, entry.kind) }
                continue
            }
            if ProtectedNames.isProtectedAnywhere(entry.name) { protect(place) }
            switch entry.kind {
            case .directory:
                guard depth < Self.depth, !SecretFiles.isVendorTree(entry.name) else { continue }
                if let next = ProjectTree.enter(entry.name, of: directory, on: device) {
                    walk(next, place, depth: depth + 1, device: device)
                } else if isClosed(entry.name, in: directory, on: device) {
                    miss(.closed(place))
                }
            case .file:
                if order.hidesSecrets, isSecret(place, in: directory) { hide(place) }
            case .link:
                // What a secret's name leads to has another name.
                if order.hidesSecrets, SecretFiles.verdict(entry.name) == .secret,
                    let target = tree.resolve(link: place), tree.status(target)?.isRegular == true
                {
                    hide(target)
                }
            case .other: continue
            }
        }
    }

    private mutating func lookAtNested(_ path: TreePath, _ kind: ProjectTree.Entry.Kind) {
        if kind == .directory { return add(path) }
        guard let status = tree.status(path) else { return }
        survey.gitFiles[path] = status.inode
        let text = tree.read(path, atMost: 4096) ?? []
        if let target = Repositories.target(ofGitFile: path, text, roots: roots), tree.status(target) != nil {
            add(target)
        }
    }

    /// Whether a directory that could not be entered is one that its owner can open, and so an agent on an idmapped mount.
    ///
    /// What is another account's stays closed to both; in what an agent made by access lists there is nothing to hide.
    private func isClosed(_ name: [UInt8], in directory: borrowing OwnedDescriptor, on device: UInt64) -> Bool {
        guard let status = Status.of(name, in: directory.raw), status.isDirectory, status.device == device else {
            return false
        }
        return status.uid == geteuid()
    }

    private mutating func miss(_ what: Survey.Unsearched) {
        survey.complete = false
        if survey.unsearched == nil { survey.unsearched = what }
    }

    private mutating func isSecret(_ path: TreePath, in directory: borrowing OwnedDescriptor) -> Bool {
        let verdict = SecretFiles.verdict(path.name)
        if verdict == .secret { return true }
        // Most files are no keys by their size, which costs less to know than what is in them.
        if verdict == .unknown, let status = Status.of(path.name, in: directory.raw),
            !SecretFiles.keySizes.contains(status.size)
        {
            return false
        }
        guard left.opened > 0 else {
            miss(.tooManyFiles)
            return false
        }
        left.opened -= 1
        // What cannot be read cannot be looked at; by its name a key is one all the same.
        guard let text = tree.read(path, atMost: verdict == .unknown ? 512 : SecretFiles.mostBytes) else {
            return verdict == .key
        }
        return SecretFiles.isSecret(path.name, text)
    }

    private mutating func hide(_ path: TreePath) {
        guard survey.secrets[path] == nil, let status = tree.status(path) else { return }
        guard survey.secrets.count < Survey.mostPaths else {
            survey.complete = false
            return
        }
        survey.secrets[path] = status.inode
    }
}
