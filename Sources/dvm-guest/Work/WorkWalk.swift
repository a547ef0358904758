internal import DVMProtocol
internal import Glibc

/// A walk through the code directory, which finds its repositories and what belongs to none.
struct WorkWalk {
    /// A directory that git takes for a repository.
    struct Repository {
        var path: TreePath
        var isBare: Bool
        /// Whether there are files in it that are precious if git ignores them.
        var mayHoldPrecious = false
    }

    private(set) var repositories: [Repository] = []
    private(set) var loose = Sample()
    private(set) var unknown: [String] = []

    private let tree: ProjectTree
    private let deadline: ContinuousClock.Instant
    private var entriesLeft = 4_000_000
    private var isOver = false

    /// The most of anything that is kept: more is no project people work on.
    private static let most = (repositories: 5000, unknown: 50, depth: 128)

    /// Walks through a tree, never through a link and never to another file system.
    static func through(_ tree: ProjectTree, until deadline: ContinuousClock.Instant) -> Self {
        var walk = Self(tree: tree, deadline: deadline)
        guard let top = try? tree.directory(.top), let status = try? Status.of(top.raw, called: "the code directory")
        else {
            walk.note("the code directory cannot be read")
            return walk
        }
        walk.visit(top, .top, in: nil, depth: 0, device: status.device, vendor: false)
        return walk
    }

    private init(tree: ProjectTree, deadline: ContinuousClock.Instant) {
        self.tree = tree
        self.deadline = deadline
    }

    private mutating func note(_ text: String) {
        if unknown.count < Self.most.unknown {
            unknown.append(String(text.prefix(400)))
        } else if unknown.count == Self.most.unknown {
            unknown.append("and more")
        }
    }

    private mutating func visit(
        _ directory: borrowing OwnedDescriptor,
        _ path: TreePath,
        in repository: Int?,
        depth: Int,
        device: UInt64,
        vendor: Bool
    ) {
        guard !isOver else { return }
        guard depth < Self.most.depth, let entries = ProjectTree.entries(directory) else {
            return note("\(path) cannot be looked into")
        }
        entriesLeft -= entries.count
        guard entriesLeft > 0, ContinuousClock.now < deadline, repositories.count < Self.most.repositories else {
            isOver = true
            return note("the code directory is too large to be looked through whole")
        }
        var repository = repository
        var vendor = vendor
        var isBare = false
        if entries.contains(where: { $0.name.elementsEqual(".git".utf8) && $0.kind != .other }) {
            repository = repositories.count
            vendor = false
            repositories.append(Repository(path: path, isBare: false))
        } else if Repositories.looksBare(entries) {
            repositories.append(Repository(path: path, isBare: true))
            isBare = true
        }
        // A repository without a work tree can be made of three names, in the middle of somebody's files.
        for entry in entries where !isBare || !Repositories.isOwn(entry.name) {
            let place = path.appending(entry.name)
            switch entry.kind {
            case .directory where entry.name.elementsEqual(".git".utf8): continue
            case .directory:
                guard let next = ProjectTree.enter(entry.name, of: directory, on: device) else {
                    // Gone meanwhile, or closed, or something that was mounted there.
                    if Status.of(entry.name, in: directory.raw) != nil { note("\(place) cannot be looked into") }
                    continue
                }
                let vendor = vendor || Precious.isRefilled(entry.name)
                visit(next, place, in: repository, depth: depth + 1, device: device, vendor: vendor)
            case .file:
                guard let repository else {
                    loose.add("\(place)")
                    continue
                }
                guard !vendor, !repositories[repository].mayHoldPrecious else { continue }
                repositories[repository].mayHoldPrecious =
                    Precious.isName(entry.name) || isLarge(entry.name, in: directory)
            case .link, .other: continue
            }
        }
    }

    private func isLarge(_ name: [UInt8], in directory: borrowing OwnedDescriptor) -> Bool {
        Status.of(name, in: directory.raw).map { $0.size >= Precious.large } ?? false
    }
}
