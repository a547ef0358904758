/// What was done in a git repository.
public struct RepositoryReview: Hashable, Codable, Sendable {
    /// By which number the guest finds it again.
    public var number: Int
    /// Where it is, relative to the code directory; `.` for that itself.
    public var path: String
    /// What it is.
    public var kind: RepositoryWork.Kind
    /// The branch that is checked out; absent when none is.
    public var branch: String?
    /// What it is compared with.
    public var base: Base
    /// What may be run later.
    public var dangers: [Danger] = []
    /// New commits, the newest first; a part of them where there are many.
    public var commits: [Commit] = []
    /// How many new commits there are; at most what the guest counts to.
    public var commitCount = 0
    /// Whether there are more than were counted.
    public var hasMoreCommits = false
    /// Branches and tags that are gone.
    public var gone = Sample()
    /// Files that differ, whether or not they are in a commit; a part of them where there are many.
    public var files: [FileChange] = []
    /// How many files differ.
    public var fileCount = 0
    /// What could not be looked at, and why.
    public var unknown: [String] = []

    /// The most files, commits and characters of a text.
    public static let most = (files: 200, commits: 50, characters: 200)

    /// What a repository is compared with.
    public enum Base: String, Hashable, Codable, Sendable {
        /// What counts as reviewed.
        case review
        /// What it says that its remotes have.
        case remote
        /// Nothing: everything in it is new.
        case nothing
    }

    /// A commit.
    public struct Commit: Hashable, Codable, Sendable {
        /// Its name, in hexadecimal digits.
        public var id: String
        /// When it says that it was written, in seconds since 1970.
        public var time: Int
        /// Who it says wrote it.
        public var author: String
        /// The first line of its message.
        public var subject: String

        /// A commit.
        public init(id: String, time: Int, author: String, subject: String) {
            self.id = id
            self.time = time
            self.author = author
            self.subject = subject
        }
    }

    /// A file that differs.
    public struct FileChange: Hashable, Codable, Sendable {
        /// How.
        public var status: Status
        /// Where it is now, relative to the repository.
        public var path: String
        /// Where it was, if it was moved or copied.
        public var old: String?
        /// Its mode before, as git has it in octal digits, if that is another; absent for a new one.
        public var oldMode: String?
        /// Its mode now, where that is not the one of an ordinary file or differs from before.
        public var mode: String?
        /// Lines added and removed; absent when it is no text, or they were not counted.
        public var added: Int?
        /// Lines removed.
        public var removed: Int?

        /// A change.
        public init(_ status: Status, _ path: String) {
            self.status = status
            self.path = path
        }
    }

    /// How a file differs.
    public enum Status: String, Hashable, Codable, Sendable {
        /// It is new, and git was told of it.
        case added
        /// It is new, and git was not told of it.
        case untracked
        /// It holds something else.
        case modified
        /// It is gone.
        case deleted
        /// It has another path, and may hold something else as well.
        case renamed
        /// It is of another kind: a link instead of a file, and the like.
        case retyped
    }

    /// A repository in which nothing has been found yet.
    public init(number: Int, path: String, kind: RepositoryWork.Kind, base: Base) {
        self.number = number
        self.path = path
        self.kind = kind
        self.base = base
    }

    /// Whether anything was done in it.
    public var hasChanges: Bool {
        !dangers.isEmpty || commitCount != 0 || !commits.isEmpty || !gone.isEmpty || fileCount != 0 || !files.isEmpty
    }
}
