internal import DVMProtocol

/// What this computer remembers of a unit it ran in a VM: to say why it runs again, and what is to be expected of a VM
/// that is not asked.
///
/// Whether it runs again is decided by what the VM remembers, wherever that is known.
struct UnitNote: Hashable, Sendable, Codable {
    var digest: String
    var parts: UnitParts
    /// The names of the secrets that its runs were given, as a VM's record has them.
    var secrets: [String]?
}

/// What this computer remembers of all units of a VM.
struct UnitNotes: Hashable, Sendable, Codable {
    var units: [String: UnitNote] = [:]
    /// What was true in the VM when it was last seen.
    var facts: UnitFacts?

    /// What a VM would say it remembers, as far as this computer knows.
    var records: [UnitRecord] {
        units.map { UnitRecord(name: $0.key, digest: $0.value.digest, finished: 0, secrets: $0.value.secrets) }
    }
}
