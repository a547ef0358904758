/// What of a git repository in a VM is nowhere else, as far as it could be found out.
public struct RepositoryWork: Hashable, Codable, Sendable {
    /// Where it is, relative to the code directory; `.` for that itself.
    public var path: String
    /// What it is.
    public var kind: Kind
    /// The branch that is checked out; absent when none is.
    public var branch: String?
    /// Files that differ from the last commit, staged or not.
    public var changed = Sample()
    /// Files git was never told of; a directory of such files counts once.
    public var untracked = Sample()
    /// Files with conflicts nobody has solved yet.
    public var unmerged = Sample()
    /// Files whose changes git was told not to show (“skip worktree”, “assume unchanged”).
    public var hidden = Sample()
    /// Files git ignores, and that nothing can make again: secrets, databases, large ones.
    public var ignored = Sample()
    /// Commits that no remote has.
    public var unpushed = Commits()
    /// Whether it has a remote outside the VM: without one, every commit is here alone.
    public var hasRemote = false
    /// How many changes were put aside with `git stash`.
    public var stashes = 0
    /// What was begun and not ended, in git's words: `rebase`, `merge`, `cherry-pick` and the like.
    public var operations: [String] = []
    /// What could not be looked at, and why.
    public var unknown: [String] = []

    /// Kinds of repositories.
    public enum Kind: String, Hashable, Codable, Sendable {
        /// One with its files.
        case repository
        /// Files of a repository that has others elsewhere, made by `git worktree`.
        case worktree
        /// One inside another, made by `git submodule`.
        case submodule
        /// One without files.
        case bare
    }

    /// Commits, and what names them.
    public struct Commits: Hashable, Codable, Sendable {
        /// How many; at most what the guest counts to.
        public var count: Int
        /// Whether there are more than were counted.
        public var more: Bool
        /// Branches and tags whose last commit is among them; `HEAD` where it is on none.
        public var names: Sample

        /// Commits, none at first.
        public init(count: Int = 0, more: Bool = false, names: Sample = Sample()) {
            self.count = count
            self.more = more
            self.names = names
        }
    }

    /// A repository in which nothing has been found yet.
    public init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }

    /// Whether anything of it would be lost with the VM.
    public var isAtRisk: Bool {
        [changed, untracked, unmerged, hidden, ignored].contains { !$0.isEmpty } || unpushed.count != 0
            || stashes != 0 || !operations.isEmpty
    }

    /// Whether it was looked at whole, and has nothing that would be lost with the VM.
    public var isClean: Bool { !isAtRisk && unknown.isEmpty }
}

/// Things of which a few are named.
public struct Sample: Hashable, Codable, Sendable {
    /// How many there are.
    public var count: Int
    /// Some of them.
    public var examples: [String]

    /// The most that are named, and the most characters of one.
    public static let most = (examples: 5, characters: 200)

    /// Things, none at first.
    public init(count: Int = 0, examples: [String] = []) {
        self.count = count
        self.examples = examples
    }

    /// Whether there are none; a number that makes no sense is not none.
    public var isEmpty: Bool { count == 0 && examples.isEmpty }

    /// Counts one more, and names it while there is room.
    public mutating func add(_ name: @autoclosure () -> String) {
        count += 1
        if examples.count < Self.most.examples { examples.append(String(name().prefix(Self.most.characters))) }
    }
}
