internal import DVMProtocol

/// Looks through a project after a session, as the files' owner, and takes back what could make git run something.
///
/// Nothing is deleted. What is taken back gets another name in its own directory, where no link and no other file system
/// can be in the way and its owner finds it.
struct Reviewer {
    struct Order: Hashable, Codable {
        var rules: Surveyor.Order
        var before: Inventory
        /// When the session began, in nanoseconds since 1970 by the clock the kernel dates changes with.
        var started: Int
        /// When the first session began that may have changed git's state since it was as `before` has it; what `before`
        /// says was renewed is since this session's beginning.
        var gitStarted: Int
        /// What is added to the name of a file that is put aside.
        var suffix: String
    }

    /// How much is looked at.
    ///
    /// A repository that a session made beyond that is closed to git without a look; whatever else was not looked at is told.
    struct Most {
        /// Entries of directories: some seconds.
        var entries = 2_000_000
        /// Entries of directories of git's own: its objects are among them.
        var gitEntries = 1_000_000
        var repositories = 4 * Survey.mostPaths
    }

    static let deepest = 96
    /// How often what was closed in a repository is opened and looked at again.
    private static let mostReopened = 16

    let tree: ProjectTree
    let order: Order
    var findings = Findings()
    var reviewed: Set<TreePath> = []
    /// Git directories and `.git` that were looked at, in that order.
    private var settling: [TreePath] = []
    /// Those of them in which something may be left; absent when there are too many of them.
    private var unsettled: Set<TreePath>? = []
    private let mostRepositories: Int
    var entriesLeft: Int
    /// Git directories in the project that are still to be walked through.
    var gitDirectories: [TreePath] = []
    /// Directories nobody has looked through.
    private var passedOver: Set<TreePath> = []
    /// Hidden files that are still there, wherever.
    var moved: Set<UInt64> = []

    /// What a session left.
    static func review(_ tree: ProjectTree, _ order: Order, most: Most = Most()) -> Findings {
        var reviewer = Self(tree, order, most)
        // What was there before comes first, and before anything else is read: a project full of decoys must not use up
        // the time and the lists that the person's own repository needs.
        for path in order.before.repositories.sorted() { reviewer.review(repository: path) }
        let after = Surveyor.survey(tree, order.rules)
        for path in after.repositories.map(\.path).sorted() { reviewer.review(repository: path) }
        if let top = try? tree.directory(.top), let status = try? Status.of(top.raw, called: "the project") {
            reviewer.walk(top, .top, depth: 0, device: status.device, .files)
            reviewer.walkGitDirectories(most.gitEntries, device: status.device)
        }
        reviewer.compareProtected(after)
        reviewer.compareSecrets(after)
        return reviewer.finished()
    }

    private init(_ tree: ProjectTree, _ order: Order, _ most: Most) {
        self.tree = tree
        self.order = order
        mostRepositories = most.repositories
        entriesLeft = most.entries
        findings.complete = order.before.complete
    }

    /// The findings, with as many of the directories nobody has looked through as a note has room for.
    private mutating func finished() -> Findings {
        // What is in another one of them says nothing new.
        let outermost = passedOver.filter { path in path.ancestors.allSatisfy { !passedOver.contains($0) } }
        let sorted = outermost.sorted { ($0.parts.count, $0) < ($1.parts.count, $1) }
        findings.passedOver = sorted.prefix(Findings.most).map { $0.shortened(to: Findings.longest) }
        findings.passedOverCount = sorted.count
        if let unsettled { findings.settle(settling.lazy.filter { !unsettled.contains($0) }, in: tree) }
        return findings
    }

    /// Takes note of something that is looked at whole, unless that turns out to be impossible.
    private mutating func settle(_ path: TreePath) {
        // An agent makes as many as it likes, and the known ones come first.
        if settling.count < Self.mostSettling { settling.append(path) }
    }

    private mutating func unsettle(_ path: TreePath) {
        unsettled?.insert(path)
        if let count = unsettled?.count, count > Self.mostSettling { unsettled = nil }
    }

    private static let mostSettling = 4096

    mutating func passOver(_ path: TreePath) {
        // As many as could be listed within the room there was; few, unless somebody made them.
        if passedOver.count < Self.mostPassedOver { passedOver.insert(path) } else { passedOver.insert(path.parent) }
    }

    static let mostPassedOver = 4096

    /// Whether something of git's may have been changed by a session.
    ///
    /// Since when that counts says what it belongs to, a git directory or a file called `.git`.
    func isRecent(_ status: Status, of owner: TreePath) -> Bool {
        let isRenewed = order.before.renewed?.contains(owner) == true
        return status.changed >= (isRenewed ? order.started : order.gitStarted)
    }

    /// Whether something changed while this session went on.
    func changedMeanwhile(_ status: Status) -> Bool { status.changed >= order.started }

    // MARK: Repositories

    /// Looks at a git directory, and at those inside it.
    mutating func review(repository: TreePath) {
        let known = order.before.repositories.contains(repository)
        let parts = ["hooks", "info", "worktrees", "modules"].map { repository.appending($0) }
        for path in repository.ancestors { reopen(path, of: path) }
        for path in [repository] + parts { reopen(path, of: repository) }
        guard known || reviewed.count < mostRepositories || reviewed.contains(repository) else {
            return close(repository)
        }
        guard reviewed.insert(repository).inserted, let status = tree.status(repository), status.isDirectory else {
            return
        }
        settle(repository)
        if !known, isRecent(status, of: repository), repository.name.elementsEqual(".git".utf8) {
            findings.add(repository.parent, to: \.repositories)
        }
        for path in Watched.paths(in: repository, tree) { review(path, of: repository, isNew: !known) }
        let index = Watched.index(of: repository, tree)
        if known || isRecent(status, of: repository) {
            for path in index.links.subtracting(order.before.links).sorted() { findings.add(path, to: \.links) }
            for path in index.unseen.subtracting(order.before.unseen).sorted() { findings.add(path, to: \.unseen) }
            for path in index.unknown where isRecent(path, of: repository) { findings.add(path, to: \.closed) }
            // What is new may be among those that were not kept.
            if index.isCut || index.links.count > Survey.mostPaths { findings.complete = false }
        }
        if !index.unknown.isEmpty || index.isCut { unsettle(repository) }
        // However deep they are, and whether or not their directory can be listed: git looks into them.
        for path in index.links.prefix(Survey.mostPaths) { lookAtDotGit(path.appending(".git")) }
        let steps = repository.appending("rebase-merge").appending("git-rebase-todo")
        if let status = tree.status(steps), isRecent(status, of: repository) { findings.add(steps, to: \.unfinished) }
        var inner = Repositories.inner(of: repository, in: tree)
        // What was closed may hold more that is.
        for _ in 0..<Self.mostReopened where inner.closed.map({ reopen($0, of: repository) }).contains(true) {
            inner = Repositories.inner(of: repository, in: tree)
        }
        for path in inner.closed { findings.add(path, to: \.closed) }
        if !inner.closed.isEmpty { unsettle(repository) }
        for path in inner.found { review(repository: path) }
    }

    /// Takes from a directory what makes git take it for a repository, without a look at what is in it.
    private mutating func close(_ repository: TreePath) {
        let head = repository.appending("HEAD")
        guard let status = tree.status(head) else { return }
        // From before the session; what is beside it may have been changed all the same.
        guard isRecent(status, of: repository) else { return passOver(repository) }
        putAside(head, restoring: nil, mode: 0)
    }

    /// Opens a directory to its owner that was closed since the session began: what is planted in it would be found by
    /// whoever opens it later, and by nobody before.
    @discardableResult
    mutating func reopen(_ path: TreePath, of owner: TreePath) -> Bool {
        guard isRecent(path, of: owner), tree.reopen(path) else { return false }
        findings.add(path, to: \.reopened)
        return true
    }

    private func isRecent(_ path: TreePath, of owner: TreePath) -> Bool {
        tree.status(path).map { isRecent($0, of: owner) } ?? false
    }

    private mutating func review(_ path: TreePath, of repository: TreePath, isNew: Bool) {
        guard let status = tree.status(path) else { return }
        let before = order.before.watched[path]
        if let before, before.isUntouched(status) { return }
        var text = tree.read(path, atMost: 1 << 20)
        // Judged whole or not at all: the harm may stand at the end.
        if text?.count != status.size { text = nil }
        if let before, let kept = before.text, text.map(Latin.text) == kept, status.mode & 0o777 == before.mode {
            return
        }
        let old = before?.text.flatMap(Latin.bytes)
        guard
            !Watched.isHarmless(path, of: repository, text: text, before: old, mode: status.mode)
        else { return }
        guard before != nil || isRecent(status, of: repository) else {
            // From before the session; but the directory it is in may have been put here during it.
            if isNew, let directory = tree.status(repository), isRecent(directory, of: repository) {
                findings.add(path, to: \.suspicious)
                unsettle(repository)
            }
            return
        }
        // What cannot be put back is left to a person: a repository without its configuration is broken.
        if before != nil, old == nil {
            findings.add(path, to: \.suspicious)
            unsettle(repository)
            return
        }
        if !putAside(path, restoring: old, mode: before?.mode ?? 0) { unsettle(repository) }
    }

    /// Looks at a `.git`: a directory, a file that names one, or a link.
    mutating func lookAtDotGit(_ path: TreePath) {
        guard let status = tree.status(path) else { return }
        if status.isDirectory { return review(repository: path) }
        settle(path)
        let before = order.before.gitFiles[path]
        if before?.isUntouched(status) == true { return }
        let text = tree.read(path, atMost: 4096)
        let roots = [order.rules.project, "/workspace"]
        if status.isRegular, let text, text.count == status.size,
            let target = Repositories.target(ofGitFile: path, text, roots: roots),
            // Through a link, git would go where nobody has looked.
            tree.status(target)?.isDirectory == true
        {
            // What it names is looked at, wherever in the project that is.
            return review(repository: target)
        }
        guard before != nil || isRecent(status, of: path) else { return }
        guard before?.text == nil || text.map(Latin.text) != before?.text else { return }
        let isAside = putAside(path, restoring: before?.text.flatMap(Latin.bytes), mode: before?.mode ?? 0)
        if !isAside { unsettle(path) }
    }

    /// - Returns: whether it is nowhere any more where git looks.
    @discardableResult
    private mutating func putAside(_ path: TreePath, restoring text: [UInt8]?, mode: UInt32) -> Bool {
        // Too long for a name: the suffix alone is one.
        let long = path.name.count + order.suffix.utf8.count > 255
        let name = (long ? [] : path.name) + Array(order.suffix.utf8)
        // A name that is taken was put there to keep this one in its place.
        let names = [name] + (1...9).map { _ in Self.another(name) }
        let taken = names.first { tree.rename(path, to: $0) }
        let restored = taken != nil ? text.map { tree.make(path, $0, mode: mode) } ?? false : false
        let place = taken.map { path.parent.appending($0) }
        // The list has an end, what is done has none.
        guard findings.aside.count < Findings.most else {
            findings.complete = false
            return taken != nil
        }
        findings.aside.append(
            Findings.Aside(
                path: path.shortened(to: Findings.longest),
                name: place?.shortened(to: Findings.longest),
                restored: restored
            )
        )
        return taken != nil
    }

    private static func another(_ name: [UInt8]) -> [UInt8] {
        Array(name.suffix(230)) + Array(".\(UInt32.random(in: .min ... .max))".utf8)
    }
}
