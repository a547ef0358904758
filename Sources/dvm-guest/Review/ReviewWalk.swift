internal import DVMProtocol

/// A walk through the code directory for what git does not show: files in no repository, and files it may ignore.
///
/// The time of the last change tells which are new. Nobody but the kernel sets it.
struct ReviewWalk {
    /// A file that may be run later, and may be one that git ignores.
    struct Candidate {
        /// Where it is in its repository.
        var path: TreePath
        var kind: Danger.Kind
    }

    /// Of each repository, by its path.
    private(set) var candidates: [TreePath: [Candidate]] = [:]
    private(set) var loose = Sample()
    private(set) var looseDangers = DangerList()
    private(set) var unknown: [String] = []
    /// Files that cannot be read, and so are in no list.
    private(set) var closed: [String] = []

    private let tree: ProjectTree
    private let project: String
    private let repositories: Set<TreePath>
    /// The repositories and what is above them.
    private let ways: Set<TreePath>
    private let since: Int
    private let deadline: ContinuousClock.Instant
    private var entriesLeft = 4_000_000
    private var candidatesLeft = 20_000
    /// Of what is in no repository and that programs install or build.
    private var installedLeft: Int
    private var installed: [String] = []
    private var isOver = false

    /// What is looked at in a directory.
    private enum Manner {
        case everything
        /// What programs install or build, in no repository: nothing else would show it, and there is much of it.
        case installed
        /// Only the repositories below: git shows the rest, or was told to ignore it.
        case passing
    }

    /// Walks through a tree, never through a link and never to another file system; in repositories not into directories
    /// of what package managers install.
    ///
    /// - Parameters:
    ///   - tree: the code directory.
    ///   - project: its path.
    ///   - repositories: where repositories are.
    ///   - since: what changed before does not count, in nanoseconds since 1970.
    ///   - deadline: when it must be over.
    ///   - mostInstalled: how many files and directories are looked at of what is in no repository and that programs
    ///     install or build.
    /// - Returns: what was found.
    static func through(
        _ tree: ProjectTree,
        _ project: String,
        repositories: Set<TreePath>,
        since: Int,
        until deadline: ContinuousClock.Instant,
        mostInstalled: Int = 400_000
    ) -> Self {
        var walk = Self(tree, project, repositories, since, deadline, mostInstalled)
        if let top = try? tree.directory(.top), let status = try? Status.of(top.raw, called: "the code directory") {
            walk.visit(top, .top, .everything, in: nil, depth: 0, device: status.device)
        }
        // Of what people write more is named than of what programs do.
        walk.loose.examples += walk.installed.prefix(Danger.mostPaths - walk.loose.examples.count)
        return walk
    }

    private init(
        _ tree: ProjectTree,
        _ project: String,
        _ repositories: Set<TreePath>,
        _ since: Int,
        _ deadline: ContinuousClock.Instant,
        _ mostInstalled: Int
    ) {
        installedLeft = mostInstalled
        (self.tree, self.project, self.repositories) = (tree, project, repositories)
        (self.since, self.deadline) = (since, deadline)
        ways = Set(repositories.flatMap { $0.ancestors + [$0] })
    }

    private mutating func visit(
        _ directory: borrowing OwnedDescriptor,
        _ path: TreePath,
        _ manner: Manner,
        in repository: TreePath?,
        depth: Int,
        device: UInt64
    ) {
        guard !isOver else { return }
        // What cannot be read was told of by the walk that finds repositories.
        guard depth < 128, let entries = ProjectTree.entries(directory) else { return }
        entriesLeft -= entries.count
        guard entriesLeft > 0, candidatesLeft > 0, ContinuousClock.now < deadline else {
            isOver = true
            unknown.append("the code directory is too large to be looked through for what git does not show")
            return
        }
        let isBare = repositories.contains(path) && Repositories.looksBare(entries)
        let isRepository = repositories.contains(path) && !isBare
        let repository = isRepository ? path : repository
        var manner = isRepository ? .everything : manner
        if manner == .installed {
            if installedLeft > 0, installedLeft <= entries.count {
                unknown.append(
                    "there is too much in no repository that programs installed or built; not looked at from \(path.brief) on"
                )
            }
            installedLeft -= entries.count
            if installedLeft <= 0 { manner = .passing }
        }
        for entry in entries where !entry.name.elementsEqual(".git".utf8) {
            if isBare, Repositories.isOwn(entry.name) { continue }
            let place = path.appending(entry.name)
            if entry.kind == .directory {
                var below = manner
                if manner == .everything, SecretFiles.isVendorTree(entry.name) || Precious.isCache(entry.name) {
                    below = repository == nil ? .installed : .passing
                }
                guard below != .passing || ways.contains(place),
                    let next = ProjectTree.enter(entry.name, of: directory, on: device)
                else { continue }
                visit(next, place, below, in: repository, depth: depth + 1, device: device)
                continue
            }
            guard manner != .passing, let status = Status.of(entry.name, in: directory.raw) else { continue }
            if status.isRegular, status.mode & 0o400 == 0 {
                if closed.count < 10 {
                    closed.append("\(place.brief) is closed")
                } else if closed.count == 10 {
                    closed.append("and more files are closed")
                }
            }
            guard status.changed >= since else { continue }
            let top = repository ?? .top
            let inside = TreePath.top.appending(Array(place.parts[top.parts.count...]))
            let kind = kind(of: inside, status, at: place, top: top)
            guard let repository else {
                if manner == .installed {
                    if installed.count < Danger.mostPaths { installed.append(place.brief) }
                } else if loose.examples.count < Danger.mostPaths {
                    loose.examples.append(place.brief)
                }
                loose.count += 1
                if let kind { looseDangers.add(kind, manner == .installed ? .installed : .files, place) }
                continue
            }
            guard let kind else { continue }
            candidatesLeft -= 1
            candidates[repository, default: []].append(Candidate(path: inside, kind: kind))
        }
    }

    private func kind(of inside: TreePath, _ status: Status, at place: TreePath, top: TreePath) -> Danger.Kind? {
        if status.isSymbolicLink {
            let roots = OutwardLinks.roots(project, top)
            return OutwardLinks.leads(out: tree.target(ofLink: place), from: inside, roots: roots) ? .leavingLink : nil
        }
        if let kind = RunsLater.kind(of: inside) { return kind }
        return status.isRegular && status.mode & 0o111 != 0 ? .executable : nil
    }
}

/// Which links lead out of their repository.
enum OutwardLinks {
    /// What a repository's own top is called, in and outside the sandbox.
    static func roots(_ project: String, _ repository: TreePath) -> [String] {
        let below = repository == .top ? "" : "/\(repository)"
        return [project + below, "/workspace" + below]
    }

    /// Whether a link leads out; one that cannot be read is taken for such a one.
    static func leads(out target: [UInt8]?, from path: TreePath, roots: [String]) -> Bool {
        guard let target else { return true }
        return Repositories.resolve(target, in: path.parent, roots: roots) == nil
    }
}

extension TreePath {
    /// This path and several names below it.
    func appending(_ names: [[UInt8]]) -> Self { names.reduce(self) { $0.appending($1) } }

    /// As text, as much of it as a report has room for.
    var brief: String { "\(self)".brief }
}

extension StringProtocol {
    /// As much of a text as a report has room for, in bytes: a character can have any number of them.
    var brief: String { String(decoding: utf8.prefix(RepositoryReview.most.characters), as: UTF8.self) }
}
