/// What was done in the code directory of a VM since the last review that was called done.
public struct ReviewReport: Hashable, Codable, Sendable {
    /// The name under which the guest keeps what it found.
    public var id: ReviewID
    /// The code directory, absolute.
    public var codeDirectory: String
    /// When what counts as reviewed was looked at, in seconds since 1970; absent when nothing ever was.
    public var since: Int?
    /// The repositories in which something was done, or which could not be looked at whole.
    public var repositories: [RepositoryReview] = []
    /// How many more of these there are than fit into the report.
    public var omitted = 0
    /// How many repositories there are in all.
    public var repositoryCount = 0
    /// Repositories that are gone.
    public var gone = Sample()
    /// New and changed files that belong to no repository.
    public var loose = Sample()
    /// What of those may be run later.
    public var dangers: [Danger] = []
    /// What could not be looked at, and why.
    public var unknown: [String] = []
    /// The AI tools at work at this moment: what they do next is not in here.
    public var sessions: [WorkReport.Running] = []

    /// The most repositories a guest tells apart.
    public static let mostRepositories = 5000

    /// A report of nothing yet.
    public init(id: ReviewID, codeDirectory: String) {
        self.id = id
        self.codeDirectory = codeDirectory
    }

    /// Whether something could not be looked at.
    public var isIncomplete: Bool { !unknown.isEmpty || omitted != 0 || repositories.contains { !$0.unknown.isEmpty } }

    /// Whether nothing was done, as far as could be looked at.
    public var isEmpty: Bool {
        loose.isEmpty && gone.isEmpty && dangers.isEmpty && omitted == 0 && repositories.allSatisfy { !$0.hasChanges }
    }
}

/// Files that somebody may run later without meaning to, of one kind.
public struct Danger: Hashable, Codable, Sendable {
    /// What may happen with them.
    public var kind: Kind
    /// Where they were found.
    public var place: Place
    /// Their paths: relative to the repository, or to the code directory where they belong to none.
    public var paths: Sample

    /// The most paths of a kind that are named.
    public static let mostPaths = 20

    /// Why a file is worth reading first; the worst first.
    public enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
        /// Git runs it by itself.
        case hook
        /// It tells git what to run, or how to change what files hold.
        case gitSetting
        /// An editor, a shell or an AI tool runs or obeys it when somebody opens or enters its directory.
        case onOpening
        /// A build server runs it when the commit gets there.
        case ci
        /// Git's index holds something else than the file, and a commit takes that.
        case staged
        /// Git was told not to show its changes.
        case unseen
        /// A link that leads out of its repository.
        case leavingLink
        /// A repository inside this one, or the commit of a submodule.
        case repository
        /// A program.
        case executable
        /// It runs when somebody builds, installs or tests.
        case build
        /// It says what is downloaded when somebody builds or installs.
        case lockFile
        /// It says what git does not show.
        case ignoring
    }

    /// Where a file was found.
    public enum Place: String, Hashable, Codable, Sendable, CaseIterable {
        /// Among the files, and git shows it.
        case files
        /// Among the files, and git ignores it.
        case ignored
        /// In new commits, and the files differ from those.
        case commits
        /// In the git directory.
        case repository
        /// In no repository, in a directory of what programs install or build.
        case installed
    }

    /// Files of a kind.
    public init(_ kind: Kind, _ place: Place, _ paths: Sample) {
        self.kind = kind
        self.place = place
        self.paths = paths
    }
}
