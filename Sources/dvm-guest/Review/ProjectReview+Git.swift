internal import DVMProtocol
internal import Glibc

/// What git is asked, and in which order.
extension ProjectReview {

    func ask(_ subjects: [ReviewSubject]) throws(Refusal) {
        try run(subjects.flatMap(first))
        try run(subjects.flatMap(tracked))
        for subject in subjects { decideBase(subject) }
        try run(subjects.flatMap(trees))
        for subject in subjects { settleBase(subject) }
        try run(subjects.flatMap(differences))
        try run(subjects.flatMap(staged))
    }

    /// A question about a repository, and what it is called when there is no answer.
    struct Question {
        var subject: ReviewSubject
        var call: LoneGit.Call
        /// What is not known without an answer; nothing when that does not matter.
        var loss: String?
        /// Told how it ended.
        var ended: (LoneGit.Ending) -> Void = { _ in }
    }

    func run(_ questions: [Question]) throws(Refusal) {
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
    func asking(
        _ subject: ReviewSubject,
        _ words: [String],
        or loss: String?,
        _ take: @escaping (ArraySlice<UInt8>) -> Void
    ) -> Question {
        Question(subject: subject, call: call(subject, subject.standIn.path, words, take), loss: loss)
    }

    /// A question to git about the files as they are, which the repository has no part in.
    func asking(
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

    func call(
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
    func first(_ subject: ReviewSubject) -> [Question] {
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
            let remotes = subject.standIn.remotes.told
            let words = ["rev-list", "--first-parent", "--boundary", "HEAD", "--not"] + remotes + ["--"]
            var beyond = asking(subject, words, or: nil) { subject.beyondRemotes.take($0) }
            // Half an answer would seem to say that there is nothing new.
            beyond.ended = { subject.knowsRemotes = $0 == .exited(.exited(0)) }
            questions.append(beyond)
        }
        return questions
    }

    /// Files that git ignores and tracks all the same.
    func tracked(_ subject: ReviewSubject) -> [Question] {
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
    func decideBase(_ subject: ReviewSubject) {
        if let last, let before = before(subject.found.path) {
            guard let tree = before.record.tree else {
                // Files that could not be read then are all new.
                subject.review.base = subject.found.isBare ? .review : .nothing
                return
            }
            subject.review.base = .review
            subject.record.base = .review(last.id, number: before.number, tree: tree)
        } else if last == nil, subject.found.isBare, !subject.standIn.remotes.outside.isEmpty {
            subject.review.base = .remote
        }
    }

    func trees(_ subject: ReviewSubject) -> [Question] {
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

    func settleBase(_ subject: ReviewSubject) {
        subject.record.tree = subject.tree.lines.first.flatMap { ReviewSubject.isObject($0) ? $0 : nil }
        if let tree = subject.headTree.lines.first, ReviewSubject.isObject(tree) {
            subject.record.base = .remote(tree: tree)
            if subject.review.base == .nothing { subject.review.base = .remote }
        }
    }

    /// What differs, in files and in commits.
    func differences(_ subject: ReviewSubject) -> [Question] {
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
        let base = subject.baseTree(now)
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
        questions += index(subject, unlike: now, variables) { bytes in
            subject.unlikeFiles.take(bytes) { subject.noteUnlikeFiles($0) }
        }
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

    /// Which of what the index holds otherwise than the files is not what was reviewed either.
    func staged(_ subject: ReviewSubject) -> [Question] {
        guard !subject.inIndexAlone.isEmpty, let snapshot = subject.snapshot, let now = subject.record.tree else {
            return []
        }
        let variables = snapshot.variables(subject.record.base, in: state)
        return index(subject, unlike: subject.baseTree(now), variables) { bytes in
            subject.unlikeBase.take(bytes) { subject.noteUnlikeBase($0) }
        }
    }

    /// What the repository's own index holds otherwise than a tree.
    func index(
        _ subject: ReviewSubject,
        unlike tree: String,
        _ variables: [String],
        _ take: @escaping (ArraySlice<UInt8>) -> Void
    ) -> [Question] {
        guard subject.place.names.contains("index") else { return [] }
        let index = "GIT_INDEX_FILE=\(subject.place.own.appending("index"))"
        let words = [
            "diff-index", "--cached", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=none",
        ]
        let loss = "what its index holds is not known"
        return asking(subject, snapshot: words + [tree], variables: [index] + variables, or: loss, take)
    }

    /// The words that mean the new commits; none where there can be none, or another repository tells of them.
    func commits(_ subject: ReviewSubject) -> [String] {
        let head = subject.commit == nil ? [] : ["HEAD"]
        let all = subject.sharesBranches ? head : head + ["--exclude=refs/remotes/*", "--all"]
        guard !all.isEmpty else { return [] }
        // Names that are gone from the repository are no mistake.
        return ["--ignore-missing"] + all + ["--not"]
            + (subject.before?.tips ?? (last == nil ? subject.standIn.remotes.told : [])) + ["--"]
    }
}
