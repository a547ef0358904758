internal import DVMProtocol
internal import Glibc

/// Finds what was done in the code directory since the last review, as the user it belongs to.
///
/// Nothing is believed to be unchanged because it could not be looked at: that is told as not known.
struct ProjectReview {
    /// How long all of it may take, and one question to git.
    ///
    /// It is what a slow disk takes for the most that is read (`Snapshot.mostBytes`). Whoever does not want to wait presses
    /// Ctrl-C; with less, a large repository could never be reviewed, since every review reads all of it.
    static let patience = Duration.seconds(45 * 60)
    static let callPatience = Duration.seconds(40 * 60)
    /// How many gits run at a time: one waits for the disk while others compute.
    static let width = 4

    let order: ReviewOrder
    let state: ReviewState
    let tree: ProjectTree
    let project: FilePath
    let deadline = ContinuousClock.now + patience
    let scratch: TemporaryDirectory
    let id: ReviewID
    /// What counts as reviewed.
    let last: ReviewRecord?
    var unknown: [String] = []

    /// Looks at the code directory.
    ///
    /// - Throws: a `Refusal` when that cannot be done.
    static func run(_ order: ReviewOrder, _ state: ReviewState) throws(Refusal) -> ReviewReport {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                FilePath(order.directory),
                .readOnly,
                options: [.directory, .closeOnExec]
            )
        } catch {
            throw Refusal(
                "\(order.directory) in the VM cannot be looked into: \(error)",
                hint: "look at it with `dvm sh`"
            )
        }
        guard LoneGit.isInstalled else {
            throw Refusal(
                "there is no git in the VM, so changes cannot be told",
                hint: "take DVM_NO_BASELINE out of its configuration, or use a recipe that installs git"
            )
        }
        let top = OwnedDescriptor(file)
        state.sweep()
        var review = try Self(order, state, ProjectTree(top: top.raw))
        return try review.report()
    }

    private init(_ order: ReviewOrder, _ state: ReviewState, _ tree: ProjectTree) throws(Refusal) {
        self.order = order
        self.state = state
        self.tree = tree
        project = FilePath(order.directory)
        scratch = try TemporaryDirectory(for: "review")
        id = try state.begin()
        let known = state.id(.done).flatMap { try? state.record($0) }
        last = known?.directory == order.directory ? known : nil
        if state.id(.done) != nil, known == nil {
            unknown.append("what counts as reviewed cannot be read any more, so everything is shown")
        }
    }

    mutating func report() throws(Refusal) -> ReviewReport {
        // Before anything is read: what changes meanwhile is new to the next review.
        let clock = ChangeClock()
        var report = ReviewReport(id: id, codeDirectory: order.directory)
        report.since = last?.time
        let walk = WorkWalk.through(tree, until: deadline)
        let (subjects, failed) = subjects(of: walk.repositories)
        let others = ReviewWalk.through(
            tree,
            order.directory,
            repositories: Set(walk.repositories.map(\.path)),
            since: last?.clock.started ?? 0,
            until: deadline
        )
        try ask(subjects)
        let own = Set(subjects.compactMap { gitDirectory(of: $0.found) })
        for subject in subjects {
            ReviewConclusion(subject, self).draw(others.candidates[subject.found.path] ?? [], besides: own)
        }
        report.repositoryCount = walk.repositories.count
        for path in Set(last?.repositories ?? []).subtracting(walk.repositories.map(\.path)).sorted() {
            report.gone.count += 1
            if report.gone.examples.count < Danger.mostPaths { report.gone.examples.append(path.brief) }
        }
        report.loose = others.loose
        report.dangers = others.looseDangers.dangers
        report.unknown = Array((unknown + walk.unknown + others.unknown + others.closed).prefix(60))

        let record = ReviewRecord(
            id: id,
            directory: order.directory,
            time: clock.started / 1_000_000_000,
            clock: clock,
            repositories: walk.repositories.map(\.path)
        )
        for subject in subjects { try state.keep(subject.record, subject.number, of: id) }
        try state.keep(record)
        report.take(failed + subjects.map(\.review))
        return report
    }

    /// The repositories, and what is to be said of those that cannot be looked at.
    func subjects(of repositories: [WorkWalk.Repository]) -> (
        subjects: [ReviewSubject], failed: [RepositoryReview]
    ) {
        var subjects: [ReviewSubject] = []
        var failed: [RepositoryReview] = []
        var common: Set<FileIdentity> = []
        let ignores = UserIgnores.file(home: order.home)
        for (number, found) in repositories.enumerated() {
            do throws(Refusal) {
                let directory = project.appending(found.path)
                let place =
                    try found.isBare ? GitPlace(directory) : GitPlace(ofWorkTree: directory, project: project)
                let standIn = try StandIn(
                    at: scratch.path.appending("\(number)"),
                    of: place,
                    isBare: found.isBare,
                    ignores: ignores
                )
                let kept = state.path(number, of: id)
                try TemporaryDirectory.makeDirectory(kept)
                let snapshot = found.isBare ? nil : try Snapshot(making: kept, of: place, ignores: ignores)
                let subject = ReviewSubject(
                    number,
                    found,
                    place,
                    standIn,
                    snapshot,
                    before(found.path)?.record,
                    place.kind(isBare: found.isBare)
                )
                if let status = Status.of(place.common) {
                    subject.sharesBranches = !common.insert(FileIdentity(status)).inserted
                }
                subjects.append(subject)
            } catch {
                var review = RepositoryReview(
                    number: number,
                    path: "\(found.path)",
                    kind: found.isBare ? .bare : .repository,
                    base: .nothing
                )
                review.unknown = [error.message]
                failed.append(review)
            }
        }
        return (subjects, failed)
    }

    /// Where the git directory of a repository is in the code directory; nothing when it is elsewhere.
    func gitDirectory(of found: WorkWalk.Repository) -> TreePath? {
        if found.isBare { return found.path }
        let dot = found.path.appending(".git")
        guard let status = tree.status(dot) else { return nil }
        if status.isDirectory { return dot }
        let roots = [order.directory, "/workspace"]
        return Repositories.target(ofGitFile: dot, tree.read(dot, atMost: 4096) ?? [], roots: roots)
    }

    /// What the last review that counts remembered of a repository.
    func before(_ path: TreePath) -> (number: Int, record: ReviewRecord.Repository)? {
        guard let last, let number = last.repositories.firstIndex(of: path),
            let record = state.repository(number, of: last.id)
        else { return nil }
        return (number, record)
    }
}

extension GitPlace {
    /// What a repository in this place is.
    func kind(isBare: Bool) -> RepositoryWork.Kind {
        if isBare { return .bare }
        if isLinked { return .worktree }
        return own.components.contains("modules") ? .submodule : .repository
    }
}
