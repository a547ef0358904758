/// One program that makes a VM what its configuration says: a recipe, or a setup script of the person's.
///
/// Each is a process of its own with its own input, environment and status, so that what one does to its shell never
/// reaches the next. The guest knows no recipe by name; what is in the script is the host's matter.
public struct ProvisionUnit: Hashable, Codable, Sendable {
    /// Who a unit runs as.
    public enum Identity: String, Hashable, Codable, Sendable, CaseIterable {
        /// The VM's root, with `HOME=/root`.
        case root
        /// The account people work as, with its home.
        case user
    }

    /// What it is called in messages, and what its record is kept under: a recipe's name, or `setup.sh`.
    public var name: String
    /// Who it runs as.
    public var identity: Identity
    /// Shell functions made known before the script runs; the recipes' common helpers.
    public var prelude: String
    /// The script, in Bash.
    public var script: String
    /// Its variables, beside those every unit has (`DVM_NAME`, `DVM_USER`, `DVM_HOME`, `DVM_CODE_DIR`).
    public var variables: [String: String]
    /// Secrets by name, for the length of the unit files of root's on a tmpfs; never recorded, never in an argument.
    public var secrets: [String: String]
    /// The names of secrets that earlier runs were given, which the guest records with the names of `secrets`.
    public var earlierSecrets: [String]
    /// What the guest records when the unit has succeeded: a digest of all that it depends on, 64 hexadecimal digits.
    ///
    /// The guest keeps it and hands it back; only the host knows what it was made from.
    public var digest: String
    /// How long it may take, in seconds: 1 to 86,400.
    public var timeLimit: Int

    /// A unit.
    public init(
        name: String,
        identity: Identity,
        prelude: String,
        script: String,
        variables: [String: String] = [:],
        secrets: [String: String] = [:],
        earlierSecrets: [String] = [],
        digest: String,
        timeLimit: Int
    ) {
        self.name = name
        self.identity = identity
        self.prelude = prelude
        self.script = script
        self.variables = variables
        self.secrets = secrets
        self.earlierSecrets = earlierSecrets
        self.digest = digest
        self.timeLimit = timeLimit
    }
}

/// What a VM remembers of a unit that succeeded.
public struct UnitRecord: Hashable, Codable, Sendable {
    /// The unit's name.
    public var name: String
    /// The digest it ran with.
    public var digest: String
    /// When it ended, in seconds since 1970.
    public var finished: Int
    /// The names of the secrets that it, or a run before it, was given; absent for none.
    public var secrets: [String]?

    /// A record.
    public init(name: String, digest: String, finished: Int, secrets: [String]? = nil) {
        self.name = name
        self.digest = digest
        self.finished = finished
        self.secrets = secrets
    }
}
