internal import DVMProtocol
internal import Glibc

/// Finds what in the code directory is nowhere else, as the user it belongs to.
///
/// Nothing is believed to be safe because it could not be looked at: that is told as not known.
struct WorkCheck {
    /// How long all of it may take, and one question to git.
    static let patience = Duration.seconds(240)
    private static let callPatience = Duration.seconds(100)
    /// How many gits run at a time: one waits for the disk while others compute.
    private static let width = 4

    private let order: WorkOrder
    private let tree: ProjectTree
    private let project: FilePath
    private let deadline = ContinuousClock.now + patience
    private let scratch: TemporaryDirectory

    /// Looks through the code directory.
    ///
    /// - Throws: a `Refusal` when that cannot be done; a directory that was never made holds nothing.
    static func run(_ order: WorkOrder) throws(Refusal) -> WorkReport {
        let path = FilePath(order.directory)
        guard try isThere(path) else { return WorkReport(codeDirectory: order.directory) }
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
        } catch {
            throw Refusal("\(path) in the VM cannot be looked into: \(error)", hint: "look at it with `dvm sh`")
        }
        let top = OwnedDescriptor(file)
        return try Self(order, ProjectTree(top: top.raw)).report()
    }

    /// Whether there is anything at a path; a link on the way that leads nowhere does not count as nothing.
    private static func isThere(_ path: FilePath) throws(Refusal) -> Bool {
        var reached: FilePath = "/"
        for part in path.components {
            reached.append(part)
            guard try Status.exists(reached) else { return false }
            guard Status.of(reached)?.isSymbolicLink == true else { continue }
            guard (try? FileDescriptor.open(reached, .readOnly, options: [.directory, .closeOnExec]).close()) != nil
            else {
                throw Refusal("\(reached) in the VM is a link that leads nowhere", hint: "look at it with `dvm sh`")
            }
        }
        return true
    }

    private init(_ order: WorkOrder, _ tree: ProjectTree) throws(Refusal) {
        self.order = order
        self.tree = tree
        project = FilePath(order.directory)
        scratch = try TemporaryDirectory(for: "work")
    }

    /// A repository on the way to what is known of it.
    private final class Subject {
        let found: WorkWalk.Repository
        let place: GitPlace
        let standIn: StandIn
        var work: RepositoryWork
        var status = StatusText()
        var commits = CommitText()
        /// Whether another one tells of the branches it shares.
        var sharesBranches = false

        init(_ found: WorkWalk.Repository, _ place: GitPlace, _ standIn: StandIn, _ work: RepositoryWork) {
            self.found = found
            self.place = place
            self.standIn = standIn
            self.work = work
        }
    }

    private func report() throws(Refusal) -> WorkReport {
        let walk = WorkWalk.through(tree, until: deadline)
        var report = WorkReport(codeDirectory: order.directory)
        report.loose = walk.loose
        report.unknown = walk.unknown
        report.repositoryCount = walk.repositories.count

        var works: [RepositoryWork] = []
        var subjects: [Subject] = []
        // A git directory is told of once, whatever leads to it.
        var own: Set<FileIdentity> = []
        var common: Set<FileIdentity> = []
        let ignores = UserIgnores.file(home: order.home)
        let forgotten = forgotten(walk.repositories)
        report.unknown += forgotten.closed.map { "\($0) cannot be listed" }
        for found in walk.repositories + forgotten.found {
            let path = found.path
            do throws(Refusal) {
                let directory = project.appending(path)
                let place =
                    try found.isBare
                    ? GitPlace(directory) : GitPlace(ofWorkTree: directory, project: project)
                if let status = Status.of(place.own), !own.insert(FileIdentity(status)).inserted { continue }
                guard LoneGit.isInstalled else { throw Refusal("git is not installed in the VM") }
                let standIn = try StandIn(
                    at: scratch.path.appending("\(subjects.count)"),
                    of: place,
                    isBare: found.isBare,
                    ignores: ignores
                )
                let kind = place.kind(isBare: found.isBare)
                let subject = Subject(found, place, standIn, RepositoryWork(path: "\(path)", kind: kind))
                subject.work.hasRemote = !standIn.remotes.outside.isEmpty
                if let status = Status.of(place.common) {
                    subject.sharesBranches = !common.insert(FileIdentity(status)).inserted
                }
                subjects.append(subject)
            } catch {
                var work = RepositoryWork(path: "\(path)", kind: found.isBare ? .bare : .repository)
                work.unknown = [error.message]
                works.append(work)
            }
        }
        report.repositoryCount = works.count + subjects.count
        try ask(subjects)
        works += subjects.map(\.work)
        report.take(works.filter { !$0.isClean }.sorted { $0.path < $1.path })
        return report
    }

    /// Git directories of submodules whose files are not there, at this moment or any more: their commits are.
    ///
    /// - Returns: those, and the directories that could not be looked into.
    private func forgotten(_ found: [WorkWalk.Repository]) -> (found: [WorkWalk.Repository], closed: [TreePath]) {
        let inner = found.filter { !$0.isBare }.map { Repositories.inner(of: $0.path.appending(".git"), in: tree) }
        let repositories = inner.flatMap(\.found)
            .filter { $0.parts.contains(Array("modules".utf8)) && tree.status($0.appending("HEAD")) != nil }
            .filter { !$0.parts.contains(Array("worktrees".utf8)) }
        return (repositories.map { WorkWalk.Repository(path: $0, isBare: true) }, inner.flatMap(\.closed))
    }

    // MARK: Asking git

    private func ask(_ subjects: [Subject]) throws(Refusal) {
        var calls: [LoneGit.Call] = []
        var askers: [(subject: Subject, isStatus: Bool)] = []
        for subject in subjects {
            if !subject.found.isBare {
                calls.append(call(statusWords(subject), subject) { subject.status.take($0) })
                askers.append((subject, true))
            }
            // On a branch that another one tells of, there is nothing more to tell.
            guard !subject.sharesBranches || subject.standIn.isDetached else { continue }
            calls.append(call(commitWords(subject), subject) { subject.commits.take($0) })
            askers.append((subject, false))
        }
        let endings = try LoneGit.run(calls, width: Self.width, limit: Self.callPatience, deadline: deadline)
        for (asker, ending) in zip(askers, endings) where ending != .exited(.exited(0)) {
            let name = asker.isStatus ? "git status" : "git log"
            let what =
                switch ending {
                case .exited(let exit): "failed (status \(exit.status))"
                case .notStarted: "could not be started"
                case .tooSlow: "took too long"
                }
            asker.subject.work.unknown.append("\(name) \(what)")
        }
        for subject in subjects { conclude(subject) }
    }

    private func call(_ words: [String], _ subject: Subject, _ take: @escaping (ArraySlice<UInt8>) -> Void)
        -> LoneGit.Call
    {
        let path = subject.found.path
        let tree = tree
        return LoneGit.Call(
            words: words,
            repository: subject.standIn.path,
            directory: { try? tree.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) },
            hasWorkTree: !subject.found.isBare,
            take: take
        )
    }

    private func statusWords(_ subject: Subject) -> [String] {
        // Which ones are ignored takes git longer to say, and is of interest only where something precious could be.
        let ignored = subject.found.mayHoldPrecious ? "traditional" : "no"
        return [
            "status", "--porcelain=v2", "--branch", "--show-stash", "-z", "--untracked-files=normal",
            "--ignored=\(ignored)", "--ignore-submodules=dirty", "--no-renames",
        ]
    }

    private func commitWords(_ subject: Subject) -> [String] {
        // A bare one has no other way to say that something was put aside in it.
        let stash = subject.found.isBare ? [] : ["--exclude=refs/stash"]
        let others = stash + subject.standIn.remotes.mapped.map { "--exclude=\($0)" }
        let remotes = subject.standIn.remotes
        let all =
            subject.sharesBranches
            ? ["HEAD", "--not", "--branches", "--tags"] : others + ["--all"] + remotes.strange + ["--not"]
        return [
            "log", "-z", "--format=%D", "--decorate=full", "--max-count=\(CommitText.most + 1)", "--no-show-signature",
        ] + all + subject.standIn.remotes.told + ["--"]
    }

    // MARK: Making sense of it

    private func conclude(_ subject: Subject) {
        let status = subject.status
        subject.work.branch = status.branch
        subject.work.changed = status.changed
        subject.work.unmerged = status.unmerged
        subject.work.stashes = subject.sharesBranches ? 0 : status.stashes
        subject.work.unpushed = subject.commits.commits
        subject.work.operations = subject.found.isBare ? [] : subject.place.operations
        if status.isDamaged { subject.work.unknown.append("git status said something that cannot be understood") }
        if status.untracked.count > status.untracked.kept.count {
            subject.work.untracked.count = status.untracked.count
        }
        for path in status.untracked.kept where !isAccountedFor(path, in: subject) {
            subject.work.untracked.add(String(decoding: path, as: UTF8.self))
        }
        findIgnored(subject)
        findHidden(subject)
        findOthers(subject)
    }

    /// Whether something unknown to a repository is only other repositories, which are told of by themselves.
    private func isAccountedFor(_ path: [UInt8], in subject: Subject) -> Bool {
        guard path.last == UInt8(ascii: "/"), let below = TreePath(checking: path.dropLast()) else { return false }
        return !holdsFile(below.parts.reduce(subject.found.path) { $0.appending($1) }, depth: 0)
    }

    private func holdsFile(_ path: TreePath, depth: Int) -> Bool {
        guard depth < 64, let entries = tree.entries(path) else { return true }
        // As the walk through the code directory takes it: what it did not take for a repository hides nothing.
        if entries.contains(where: { $0.name.elementsEqual(".git".utf8) && $0.kind != .other }) { return false }
        let isBare = Repositories.looksBare(entries)
        return entries.contains { entry in
            if isBare, Repositories.isOwn(entry.name) { return false }
            return entry.kind != .directory || holdsFile(path.appending(entry.name), depth: depth + 1)
        }
    }

    private func findIgnored(_ subject: Subject) {
        let look = PreciousFiles.among(subject.status.ignored, of: subject.found.path, in: tree, until: deadline)
        subject.work.ignored = look.found
        subject.work.unknown += look.unknown.map { "whether git ignores what nothing makes again: \($0)" }
    }

    /// Files that git was told to take for unchanged: what they hold now, git does not say.
    private func findHidden(_ subject: Subject) {
        guard !subject.found.isBare, subject.place.names.contains("index") else { return }
        let hash = subject.standIn.isSHA256 ? 32 : 20
        // In a sparse checkout they are not there, and so cannot have changed. In the half of a split index that changes,
        // those of the other half have no name.
        let isThere = { (name: TreePath) in
            name == .top || tree.status(name.parts.reduce(subject.found.path) { $0.appending($1) })?.isRegular == true
        }
        for name in ["index"] + StandIn.sharedIndexes(of: subject.place) {
            let path = subject.place.own.appending(name)
            let file = (try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]))
                .map { SharedDescriptor(OwnedDescriptor($0)) }
            guard let file, let bytes = ProjectTree.read(file.raw, atMost: 64 << 20),
                let index = GitIndex(bytes, hash: hash, noting: isThere)
            else {
                // Git has read it, but what it was told there to pass over is not known to us.
                subject.work.unknown.append("its \(name) cannot be read, nor which files git was told to pass over")
                continue
            }
            for name in index.unseen.sorted() { subject.work.hidden.add("\(name)") }
            if index.unseenBeyond > 0 {
                subject.work.unknown.append("\(index.unseenBeyond) more files that git was told to pass over")
            }
        }
    }

    /// Work trees that share this repository and are where nobody has looked.
    private func findOthers(_ subject: Subject) {
        guard !subject.place.isLinked, subject.place.names.contains("worktrees") else { return }
        let names = Listing.names(in: subject.place.own.appending("worktrees"))
        let most = 200
        if names.count > most { subject.work.unknown.append("\(names.count - most) more work trees of it") }
        for name in names.prefix(most) {
            let file = subject.place.own.appending("worktrees").appending(name).appending("gitdir")
            guard let text = try? TextFile.readBytes(file),
                let dot = GitPlace.path(in: text[...], from: subject.place.own, project: project),
                Status.of(dot) != nil, !dot.starts(with: project)
            else { continue }
            subject.work.unknown.append("its work tree \(dot.removingLastComponent()) is outside the code directory")
        }
    }
}

extension WorkReport {
    /// Takes in repositories, as many as the frame they travel in has room for.
    mutating func take(_ works: [RepositoryWork]) {
        var room = Frame.largestPayload - 64 * 1024
        for work in works {
            let size = ((try? JSON.encode(work).count) ?? room) + 1
            guard size < room else {
                omitted += 1
                continue
            }
            room -= size
            repositories.append(work)
        }
    }
}

/// What a user has git ignore in every repository.
enum UserIgnores {
    /// The file that says so: what git's settings of the user name, or else the usual one.
    static func file(home: String) -> FilePath? {
        var found = FilePath(home).pushing(".config/git/ignore")
        for name in [".config/git/config", ".gitconfig"] {
            guard let bytes = try? TextFile.readBytes(FilePath(home).pushing(FilePath(name))),
                let value = GitConfigText(bytes)?["core.excludesfile"], value.count < 1024
            else { continue }
            found =
                value.hasPrefix("~/") ? FilePath(home).pushing(FilePath(String(value.dropFirst(2)))) : FilePath(value)
        }
        // Opened by git, who would wait for a pipe for ever.
        return Status.of(found)?.isRegular == true && found.isAbsolute ? found : nil
    }
}
