internal import DVMProtocol
internal import Glibc

/// Finds what was done in the code directory since the last review, as the user it belongs to.
///
/// Nothing is believed to be unchanged because it could not be looked at: that is told as not known.
struct ProjectReview {
    /// How long all of it may take, and one question to git.
    static let patience = Duration.seconds(300)
    private static let callPatience = Duration.seconds(200)
    /// How many gits run at a time: one waits for the disk while others compute.
    private static let width = 4

    let order: ReviewOrder
    let state: ReviewState
    let tree: ProjectTree
    let project: FilePath
    let deadline = ContinuousClock.now + patience
    let scratch: TemporaryDirectory
    let id: ReviewID
    /// What counts as reviewed.
    let last: ReviewRecord?
    private var unknown: [String] = []

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

    private mutating func report() throws(Refusal) -> ReviewReport {
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
        for subject in subjects { ReviewConclusion(subject, self).draw(others.candidates[subject.found.path] ?? []) }
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
    private func subjects(of repositories: [WorkWalk.Repository]) -> (
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

    /// What the last review that counts remembered of a repository.
    private func before(_ path: TreePath) -> (number: Int, record: ReviewRecord.Repository)? {
        guard let last, let number = last.repositories.firstIndex(of: path),
            let record = state.repository(number, of: last.id)
        else { return nil }
        return (number, record)
    }

    // MARK: Asking git

    private func ask(_ subjects: [ReviewSubject]) throws(Refusal) {
        try run(subjects.flatMap(first))
        try run(subjects.flatMap(tracked))
        for subject in subjects { decideBase(subject) }
        try run(subjects.flatMap(trees))
        for subject in subjects { settleBase(subject) }
        try run(subjects.flatMap(differences))
    }

    /// A question about a repository, and what it is called when there is no answer.
    private struct Question {
        var subject: ReviewSubject
        var call: LoneGit.Call
        /// What is not known without an answer; nothing when that does not matter.
        var loss: String?
        /// Told how it ended.
        var ended: (LoneGit.Ending) -> Void = { _ in }
    }

    private func run(_ questions: [Question]) throws(Refusal) {
        let endings = try LoneGit.run(
            questions.map(\.call),
            width: Self.width,
            limit: Self.callPatience,
            deadline: deadline
        )
        for (question, ending) in zip(questions, endings) { question.ended(ending) }
        for (question, ending) in zip(questions, endings) where ending != .exited(.exited(0)) {
            guard let loss = question.loss else { continue }
            let why =
                switch ending {
                case .exited(let exit): "git ended with status \(exit.status)"
                case .notStarted: "git could not be started"
                case .tooSlow: "git took too long"
                }
            question.subject.note("\(loss): \(why)")
        }
    }

    /// A question to git about the repository itself.
    private func asking(
        _ subject: ReviewSubject,
        _ words: [String],
        or loss: String?,
        _ take: @escaping (ArraySlice<UInt8>) -> Void
    ) -> Question {
        Question(subject: subject, call: call(subject, subject.standIn.path, words, take), loss: loss)
    }

    /// A question to git about the files as they are, which the repository has no part in.
    private func asking(
        _ subject: ReviewSubject,
        snapshot words: [String],
        variables: [String] = [],
        writes: Bool = false,
        or loss: String?,
        _ take: @escaping (ArraySlice<UInt8>) -> Void
    ) -> [Question] {
        guard let snapshot = subject.snapshot else { return [] }
        var call = call(subject, snapshot.path, words, take)
        call.variables = variables
        call.mostWritten = writes ? Snapshot.mostBytes : 0
        return [Question(subject: subject, call: call, loss: loss)]
    }

    private func call(
        _ subject: ReviewSubject,
        _ repository: FilePath,
        _ words: [String],
        _ take: @escaping (ArraySlice<UInt8>) -> Void
    ) -> LoneGit.Call {
        let path = subject.found.path
        let tree = tree
        return LoneGit.Call(
            words: words,
            repository: repository,
            directory: { try? tree.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) },
            hasWorkTree: !subject.found.isBare,
            take: take
        )
    }

    /// What its references name, what is checked out, and the files as they are.
    private func first(_ subject: ReviewSubject) -> [Question] {
        let references = [
            "for-each-ref", "--count=\(ReviewSubject.mostReferences)", "--format=%(objectname) %(refname)", "refs",
        ]
        var questions = [
            asking(subject, references, or: "its branches are not known") { subject.references.take($0) },
            // Before the first commit there is none.
            asking(subject, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], or: nil) { subject.head.take($0) },
        ]
        guard subject.snapshot != nil else { return questions }
        let lossOfFiles = "not all of its files could be read, or one is an empty repository"
        for var take in asking(subject, snapshot: Snapshot.take, writes: true, or: lossOfFiles, { _ in }) {
            // With 1, all the others are taken. With anything else none is, and they would seem to be gone.
            take.ended = { subject.isTaken = $0 == .exited(.exited(0)) || $0 == .exited(.exited(1)) }
            questions.append(take)
        }
        let listed = ["ls-files", "-z", "--cached", "--ignored", "--exclude-standard"]
        questions.append(
            asking(subject, listed, or: "files that git both ignores and tracks are not known") {
                subject.tracked.take($0)
            }
        )
        if last == nil {
            let remotes = subject.standIn.remotes.map { "--remotes=\($0)" }
            let words = ["rev-list", "--first-parent", "--boundary", "HEAD", "--not"] + remotes + ["--"]
            var beyond = asking(subject, words, or: nil) { subject.beyondRemotes.take($0) }
            // Half an answer would seem to say that there is nothing new.
            beyond.ended = { subject.knowsRemotes = $0 == .exited(.exited(0)) }
            questions.append(beyond)
        }
        return questions
    }

    /// Files that git ignores and tracks all the same.
    private func tracked(_ subject: ReviewSubject) -> [Question] {
        let there = subject.tracked.kept.filter { bytes in
            guard let below = TreePath(checking: bytes) else { return false }
            return tree.status(subject.found.path.appending(below.parts)) != nil
        }
        if !subject.tracked.isWhole { subject.note("not all files that git both ignores and tracks were looked at") }
        guard !there.isEmpty else { return [] }
        let list = scratch.path.appending("list-\(subject.number)")
        do throws(Refusal) {
            try TemporaryDirectory.write(Array(there.joined(separator: [0])), to: list)
        } catch {
            subject.note(error.message)
            return []
        }
        return asking(
            subject,
            snapshot: Snapshot.take(listedIn: list),
            writes: true,
            or: "files that git both ignores and tracks are not known"
        ) { _ in }
    }

    /// What it is compared with, as far as that is known before git was asked for its tree.
    ///
    /// What it says of its remotes counts only as long as nothing was reviewed: all of a repository that came later is new.
    private func decideBase(_ subject: ReviewSubject) {
        if let last, let before = before(subject.found.path) {
            guard let tree = before.record.tree else {
                // Files that could not be read then are all new.
                subject.review.base = subject.found.isBare ? .review : .nothing
                return
            }
            subject.review.base = .review
            subject.record.base = .review(last.id, number: before.number, tree: tree)
        } else if last == nil, subject.found.isBare, !subject.standIn.remotes.isEmpty {
            subject.review.base = .remote
        }
    }

    private func trees(_ subject: ReviewSubject) -> [Question] {
        guard subject.isTaken else { return [] }
        var questions = asking(subject, snapshot: ["write-tree"], writes: true, or: "its files are not known") {
            subject.tree.take($0)
        }
        let beyond = subject.beyondRemotes
        if last == nil, subject.knowsRemotes, let commit = subject.commit,
            let base = beyond.boundary ?? (beyond.hasCommits ? nil : commit), ReviewSubject.isObject(base)
        {
            let words = ["rev-parse", "--verify", "--quiet", "\(base)^{tree}"]
            questions.append(
                asking(subject, words, or: "what its remotes have cannot be read") { subject.headTree.take($0) }
            )
        }
        return questions
    }

    private func settleBase(_ subject: ReviewSubject) {
        subject.record.tree = subject.tree.lines.first.flatMap { ReviewSubject.isObject($0) ? $0 : nil }
        if let tree = subject.headTree.lines.first, ReviewSubject.isObject(tree) {
            subject.record.base = .remote(tree: tree)
            if subject.review.base == .nothing { subject.review.base = .remote }
        }
    }

    /// What differs, in files and in commits.
    private func differences(_ subject: ReviewSubject) -> [Question] {
        var questions: [Question] = []
        let range = commits(subject)
        if !range.isEmpty {
            let words = ["log", "-z", LogText.format, "--max-count=\(LogText.most + 1)", "--no-show-signature"]
            questions.append(
                asking(subject, words + range, or: "its new commits are not known") { subject.log.take($0) }
            )
        }
        if !range.isEmpty, subject.review.base != .nothing {
            let words = [
                "log", "-z", "--format=", "--raw", "--no-renames", "--no-abbrev", "--diff-merges=first-parent",
                "--no-ext-diff", "--no-textconv", "--no-show-signature", "--max-count=\(LogText.most + 1)",
            ]
            questions.append(
                asking(subject, words + range, or: "what its new commits change is not known") { bytes in
                    subject.inCommits.take(bytes) { subject.noteInCommit($0) }
                }
            )
        }
        guard let snapshot = subject.snapshot, let now = subject.record.tree else { return questions }
        let base =
            switch subject.record.base {
            case .remote(let tree), .review(_, _, let tree): tree
            case .nothing: Snapshot.nothing(isSHA256: now.utf8.count == 64)
            }
        let variables = snapshot.variables(subject.record.base, in: state)
        let common = [
            "diff-tree", "-r", "-z", "--find-renames", "-l400", "--no-ext-diff", "--no-textconv",
            "--ignore-submodules=none",
        ]
        let roots = OutwardLinks.roots(order.directory, subject.found.path)
        let tree = tree
        questions += asking(
            subject,
            snapshot: common + ["--raw", "--no-abbrev", base, now],
            variables: variables,
            or: "which of its files differ is not known"
        ) { bytes in
            subject.changes.take(bytes) { change in
                subject.noteInFiles(change) { path in
                    OutwardLinks.leads(
                        out: tree.target(ofLink: subject.found.path.appending(path.parts)),
                        from: path,
                        roots: roots
                    )
                }
            }
        }
        questions += asking(
            subject,
            snapshot: common + ["--numstat", base, now],
            variables: variables,
            // Without numbers the list is a list all the same.
            or: nil
        ) { subject.counts.take($0) }
        questions += index(subject, base: base, now: now, variables)
        let untracked = ["ls-files", "-z", "--others", "--exclude-standard"]
        questions.append(
            asking(subject, untracked, or: nil) { subject.untracked.take($0) }
        )
        let ignored = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"]
        questions += asking(subject, snapshot: ignored, or: "what git ignores is not known") {
            subject.ignored.take($0)
        }
        return questions
    }

    /// What the repository's own index holds that is neither in the files nor in what was reviewed.
    private func index(_ subject: ReviewSubject, base: String, now: String, _ variables: [String]) -> [Question] {
        guard subject.place.names.contains("index") else { return [] }
        let index = "GIT_INDEX_FILE=\(subject.place.own.appending("index"))"
        let words = [
            "diff-index", "--cached", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=none",
        ]
        let loss = "what its index holds is not known"
        return asking(subject, snapshot: words + [now], variables: [index] + variables, or: loss) { bytes in
            subject.unlikeFiles.take(bytes) { subject.noteUnlikeFiles($0) }
        }
            + asking(subject, snapshot: words + [base], variables: [index] + variables, or: loss) { bytes in
                subject.unlikeBase.take(bytes) { subject.noteUnlikeBase($0) }
            }
    }

    /// The words that mean the new commits; none where there can be none, or another repository tells of them.
    private func commits(_ subject: ReviewSubject) -> [String] {
        let head = subject.commit == nil ? [] : ["HEAD"]
        let all = subject.sharesBranches ? head : head + ["--exclude=refs/remotes/*", "--all"]
        guard !all.isEmpty else { return [] }
        // Names that are gone from the repository are no mistake.
        return ["--ignore-missing"] + all + ["--not"]
            + (subject.before?.tips ?? (last == nil ? subject.standIn.remotes.map { "--remotes=\($0)" } : [])) + ["--"]
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
