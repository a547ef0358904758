internal import DVMProtocol

extension ReviewSubject {
    /// Takes note of a file that differs.
    func noteInFiles(_ change: RawDiff.Change, leadsOut: (TreePath) -> Bool) {
        review.fileCount += 1
        if files.count < RepositoryReview.most.files { files.append(change) }
        guard change.letter != UInt8(ascii: "D"), let path = TreePath(checking: change.path) else { return }
        if let kind = change.kind(at: path, leadsOut: leadsOut) { dangers.add(kind, .files, path) }
    }

    /// Takes note of a file that a new commit changes.
    func noteInCommit(_ change: RawDiff.Change) {
        guard change.letter != UInt8(ascii: "D"), let path = TreePath(checking: change.path),
            let kind = change.kind(at: path, leadsOut: { _ in false }), commitDangers.count < Self.mostKept
        else { return }
        commitDangers.append((kind, path))
    }

    /// Takes note of a file that the index has otherwise than the work tree.
    func noteUnlikeFiles(_ change: RawDiff.Change) {
        // One the index does not have at all is an untracked one.
        guard change.letter != UInt8(ascii: "D"), inIndexAlone.count < Self.mostKept else { return }
        inIndexAlone[change.path] = change.object
    }

    /// Takes note of a file that the index has otherwise than what it is compared with.
    func noteUnlikeBase(_ change: RawDiff.Change) {
        if inIndexAlone[change.path] != nil { unlikeBasePaths.append(change.path) }
    }
}

extension RawDiff.Change {
    /// Why the file is worth reading first, if it is.
    func kind(at path: TreePath, leadsOut: (TreePath) -> Bool) -> Danger.Kind? {
        switch mode {
        case 0o160000: return .repository
        case 0o120000: return leadsOut(path) ? .leavingLink : RunsLater.kind(of: path)
        default: return RunsLater.kind(of: path) ?? (mode & 0o111 != 0 ? .executable : nil)
        }
    }

    /// As a report has it.
    func fileChange(isUntracked: Bool) -> RepositoryReview.FileChange {
        let status: RepositoryReview.Status =
            switch letter {
            case UInt8(ascii: "A"): isUntracked ? .untracked : .added
            case UInt8(ascii: "D"): .deleted
            case UInt8(ascii: "R"), UInt8(ascii: "C"): .renamed
            case UInt8(ascii: "T"): .retyped
            default: .modified
            }
        var result = RepositoryReview.FileChange(status, Self.text(path))
        result.old = old.map(Self.text)
        guard letter != UInt8(ascii: "D") else { return result }
        let isNew = letter == UInt8(ascii: "A")
        if isNew ? mode != 0o100644 : mode != oldMode {
            result.mode = String(mode, radix: 8)
            if !isNew { result.oldMode = String(oldMode, radix: 8) }
        }
        return result
    }

    private static func text(_ path: [UInt8]) -> String {
        String(decoding: path, as: UTF8.self).brief
    }
}

/// What was found out of a repository, put together.
struct ReviewConclusion {
    let subject: ReviewSubject
    let review: ProjectReview

    init(_ subject: ReviewSubject, _ review: ProjectReview) {
        self.subject = subject
        self.review = review
    }

    /// Writes the parts of the report and of what is remembered that git was not asked for in so many words.
    ///
    /// - Parameters:
    ///   - candidates: files that may be run later, and may be ones that git ignores.
    ///   - own: the git directories of all repositories with files, this one's among them.
    func draw(_ candidates: [ReviewWalk.Candidate], besides own: Set<TreePath>) {
        lookAtGitDirectories(own)
        lookAtIndex()
        lookAtStaged()
        for (kind, path) in subject.commitDangers { subject.dangers.add(kind, .commits, path) }
        lookAtIgnored(candidates)
        lookAtReferences()

        let untracked = Set(subject.untracked.kept)
        subject.review.files = subject.files.map { change in
            var file = change.fileChange(isUntracked: untracked.contains(change.path))
            if let counts = subject.counts.counts[change.path] { (file.added, file.removed) = counts }
            return file
        }
        subject.review.commits = subject.log.commits
        subject.review.commitCount = min(subject.log.count, LogText.most)
        subject.review.hasMoreCommits = subject.log.count > LogText.most
        subject.review.branch = branch
        subject.review.dangers = subject.dangers.dangers
        noteLimits()
        for diff in [subject.changes, subject.inCommits, subject.unlikeFiles, subject.unlikeBase] where diff.isDamaged {
            subject.note("git said something that cannot be understood")
        }
    }

    /// Says what was not looked at because there is too much of it.
    private func noteLimits() {
        if subject.commitDangers.count >= ReviewSubject.mostKept
            || subject.log.count > LogText.most && subject.review.base != .nothing
        {
            subject.note("there are too many new commits: not all that they change was looked at")
        }
        if subject.inIndexAlone.count >= ReviewSubject.mostKept {
            subject.note("too many files differ from git’s index: not all were looked at for what is staged")
        }
    }

    private var branch: String? {
        guard !subject.standIn.isDetached, let text = try? TextFile.readBytes(subject.place.own.appending("HEAD"))
        else { return nil }
        let name = String(decoding: text.dropFirst("ref: ".utf8.count), as: UTF8.self).prefix { !$0.isNewline }
        let short = name.hasPrefix("refs/heads/") ? name.dropFirst("refs/heads/".count) : name
        return short.brief
    }

    // MARK: What git does not show

    /// Files that git was told to take for unchanged; here they are read all the same.
    private func lookAtIndex() {
        guard !subject.found.isBare, subject.place.names.contains("index") else { return }
        let path = subject.place.own.appending("index")
        let hash = subject.standIn.isSHA256 ? 32 : 20
        let file = (try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]))
            .map { SharedDescriptor(OwnedDescriptor($0)) }
        guard let file, let bytes = ProjectTree.read(file.raw, atMost: 64 << 20),
            let index = GitIndex(bytes, hash: hash)
        else { return subject.note("its index cannot be read, nor which files git was told not to show") }
        for name in index.unseen.sorted() where subject.before?.unseen.contains(name) != true {
            subject.dangers.add(.unseen, .files, name)
        }
        if index.unseenBeyond > 0 {
            let count = index.unseenBeyond
            subject.note("git was told not to show changes of \(count) more files, which are not named here")
        }
        // It travels in a file of limited size; what has no room is told of again.
        var room = 24 * 1024
        for name in index.unseen.sorted() {
            room -= name.cString.count
            guard room > 0 else { break }
            subject.record.unseen.insert(name)
        }
    }

    /// What is neither in the files nor reviewed, and would be in the next commit.
    private func lookAtStaged() {
        for name in subject.unlikeBasePaths {
            guard let object = subject.inIndexAlone[name], let path = TreePath(checking: name),
                subject.before?.staged[path] != String(decoding: object, as: UTF8.self)
            else { continue }
            subject.dangers.add(.staged, .files, path)
        }
        // As above. What the last review's files held stays in the index of whoever commits later.
        var room = 24 * 1024
        for (name, object) in subject.inIndexAlone.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            room -= name.count + object.count
            guard room > 0 else { break }
            if let path = TreePath(checking: name) {
                subject.record.staged[path] = String(decoding: object, as: UTF8.self)
            }
        }
    }

    private func lookAtIgnored(_ candidates: [ReviewWalk.Candidate]) {
        let exact = Set(subject.ignored.kept)
        if !subject.ignored.isWhole { subject.note("git ignores more than could be looked at") }
        for candidate in candidates {
            var above: [UInt8] = []
            let parts = candidate.path.parts
            var isIgnored = exact.contains(Array(parts.joined(separator: [UInt8(ascii: "/")])))
            for part in parts.dropLast() where !isIgnored {
                above += part + [UInt8(ascii: "/")]
                isIgnored = exact.contains(above)
            }
            if isIgnored { subject.dangers.add(candidate.kind, .ignored, candidate.path) }
        }
    }

    // MARK: References

    private func lookAtReferences() {
        let named = subject.named
        subject.record.tips = Array(
            Set(named.map(\.object).filter(ReviewSubject.isObject) + [subject.commit].compactMap(\.self))
        )
        .sorted()
        var room = 100 * 1024
        let names = named.map(\.name).filter { $0.hasPrefix("refs/heads/") || $0.hasPrefix("refs/tags/") }
        for name in names {
            room -= name.utf8.count
            guard room > 0 else { break }
            subject.record.names.insert(name)
        }
        // What is not among all of them, which are not known where there are too many.
        guard let before = subject.before, !subject.sharesBranches,
            subject.references.count < ReviewSubject.mostReferences
        else { return }
        for name in before.names.subtracting(names).sorted() {
            subject.review.gone.count += 1
            if subject.review.gone.examples.count < Danger.mostPaths {
                subject.review.gone.examples.append(name.brief)
            }
        }
    }
}

extension ReviewReport {
    /// Takes in repositories, as many as the frame they travel in has room for; of large ones a part, so that none takes
    /// the room of the others.
    mutating func take(_ reviews: [RepositoryReview]) {
        dangers = Self.shortened(dangers, to: 32 * 1024)
        var room = Frame.largestPayload - 96 * 1024
        let reviews = reviews.filter { $0.hasChanges || !$0.unknown.isEmpty }
        for (place, review) in reviews.enumerated() {
            let (review, size) = Self.shortened(review, to: max(room / (reviews.count - place), 2048))
            guard size <= room else {
                omitted += 1
                continue
            }
            room -= size
            repositories.append(review)
        }
    }

    /// A repository with shorter lists, and the bytes it takes.
    private static func shortened(_ review: RepositoryReview, to most: Int) -> (RepositoryReview, Int) {
        var review = review
        var size = size(review)
        while size > most, !review.files.isEmpty || review.commits.count > 1 {
            review.files = Array(review.files.prefix(review.files.count / 2))
            review.commits = Array(review.commits.prefix(max(1, review.commits.count / 2)))
            size = Self.size(review)
        }
        guard size > most else { return (review, size) }
        let others = size - Self.size(review.dangers)
        review.dangers = shortened(review.dangers, to: max(most - others, 1024))
        return (review, Self.size(review))
    }

    /// Dangers with fewer names each; that there are more is told.
    private static func shortened(_ dangers: [Danger], to most: Int) -> [Danger] {
        var dangers = dangers
        while size(dangers) > most, dangers.contains(where: { $0.paths.examples.count > 1 }) {
            for place in dangers.indices {
                let names = dangers[place].paths.examples
                dangers[place].paths.examples = Array(names.prefix(max(1, names.count / 2)))
            }
        }
        return dangers
    }

    private static func size(_ value: some Encodable) -> Int {
        ((try? JSON.encode(value).count) ?? Frame.largestPayload) + 1
    }
}
