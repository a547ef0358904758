internal import DVMProtocol

/// A unit as the configuration has it, before anything is known of the VM.
struct UnitDraft: Hashable, Sendable {
    /// A recipe's name, or that of a setup script.
    var name: String
    var identity: ProvisionUnit.Identity
    /// What is known to the script before it runs.
    var prelude: HashedText
    var script: HashedText
    /// The variables it gets, beside those every unit has.
    var variables: [String: String] = [:]
    /// The secrets it gets, in order of their names.
    var secrets: [Secret] = []
    /// The units that run before it because it needs them.
    var needs: [String] = []
    /// Whether it is a recipe, which can be run at any time, and not a script of the person's.
    var isRecipe = false
    /// Where it is from, for people.
    var origin: String
    /// What it cannot do without and the configuration does not say.
    var lack: Refusal?
    /// What else it may ask for in the VM, in words for people.
    var doubts: [String] = []

    /// A secret as it is known while it is planned: by a code that says nothing about its value.
    struct Secret: Hashable, Sendable {
        var name: String
        /// Whether the unit keeps it: once it has run, it can do without.
        var isKept = false
        /// Where it comes from; nothing when nobody has said.
        var source: SecretSource?
        /// What is different when the secret is; nothing when the secret is not there.
        var code: String?
    }

    /// The variable that is 1 while programs are brought up to date, and no part of what a unit depends on.
    static let updating = "DVM_UPDATE"
}

extension ProvisionUnit {
    /// The unit as it is handed to the VM; it may take this many seconds.
    init(
        _ draft: UnitDraft,
        digest: UnitDigest,
        secrets: [String: String],
        earlierSecrets: Set<String> = [],
        isUpdate: Bool,
        timeLimit: Int
    ) {
        var variables = draft.variables
        variables[UnitDraft.updating] = isUpdate ? "1" : nil
        self.init(
            name: draft.name,
            identity: draft.identity,
            prelude: draft.prelude.text,
            script: draft.script.text,
            variables: variables,
            secrets: secrets,
            // Of what its header no longer names, nothing is known.
            earlierSecrets: earlierSecrets.intersection(draft.secrets.map(\.name)).sorted(),
            digest: digest.text,
            timeLimit: timeLimit
        )
    }
}
