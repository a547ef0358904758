internal import DVMProtocol

/// What a unit depends on, a value for each part, by what people call the part.
///
/// Two units with equal parts do the same, so that the second need not run.
struct UnitParts: Hashable, Sendable, Codable {
    /// In a form that has no two readings: changed whenever what is below means something else.
    private static let format = "1"

    var values: [String: String]

    /// The parts of a unit in a VM, where the units it needs have these digests.
    init(of draft: UnitDraft, in facts: UnitFacts, needs: [String: UnitDigest]) {
        values = [
            "format": Self.format,
            "its text": draft.script.digest,
            "the helpers of recipes": draft.prelude.digest,
            "whom it runs as": draft.identity.rawValue,
            "the VM’s system": facts.system,
            "the VM’s architecture": facts.architecture,
            "the VM’s name": facts.name,
            Variable.user.name: facts.user,
            Variable.codeDirectory.name: facts.codeDirectory,
        ]
        for (name, value) in draft.variables where name != UnitDraft.updating { values[name] = value }
        for name in draft.needs { values["the recipe \(name)"] = needs[name]?.main ?? "" }
    }

    /// The first half of the digest.
    fileprivate var digest: String {
        var hash = SHA256()
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            hash.take(name)
            hash.take(value)
        }
        return hash.finish().prefix(UnitDigest.half / 2).hexadecimal
    }

    /// What differs from what it was, as people call it.
    func changes(since old: Self) -> [String] {
        Set(values.keys).union(old.values.keys).filter { values[$0] != old.values[$0] && $0 != "format" }.sorted()
    }
}

/// What a VM remembers of a unit that succeeded, in 64 hexadecimal digits.
///
/// The first half stands for everything but the secrets, the second for those: a person who does not hand them over
/// every time is still told apart from one who hands over others.
struct UnitDigest: Hashable, Sendable {
    let main: String
    /// Nothing when a secret is not there.
    let secrets: String?

    /// The digits of a half.
    static let half = 32

    init(_ parts: UnitParts, secrets: [UnitDraft.Secret]) {
        main = parts.digest
        guard !secrets.isEmpty else {
            self.secrets = String(repeating: "0", count: Self.half)
            return
        }
        var hash = SHA256()
        var isWhole = true
        for secret in secrets {
            hash.take(secret.name)
            hash.take(secret.code ?? "")
            isWhole = isWhole && secret.code != nil
        }
        self.secrets = isWhole ? hash.finish().prefix(Self.half / 2).hexadecimal : nil
    }

    /// The whole digest, for a unit whose secrets are there.
    var text: String { main + (secrets ?? String(repeating: "f", count: Self.half)) }

    /// Whether a VM's record stands for the same; secrets that are not there count as unchanged.
    func matches(_ record: String) -> Bool {
        record.utf8.count == 2 * Self.half && record.hasPrefix(main) && secrets.map(record.hasSuffix) != false
    }

    /// Whether nothing but a secret is different.
    func differsInSecrets(from record: String) -> Bool { record.hasPrefix(main) && !matches(record) }
}

/// What is true in a VM and makes a difference to what runs in it.
struct UnitFacts: Hashable, Sendable, Codable {
    /// Distribution and release, such as `debian 12`.
    var system: String
    var architecture: String
    var name: String
    var user: String
    var codeDirectory: String

    init(_ facts: Welcome.Facts, _ settings: Settings, of vm: MachineName) {
        system = "\(facts.distribution) \(facts.release)"
        architecture = facts.architecture
        name = vm.text
        user = settings.user
        codeDirectory = settings.codeDirectory
    }
}

extension SHA256 {
    /// Takes in a text so that no two texts one after another could be two others.
    fileprivate mutating func take(_ text: String) {
        let bytes = Array(text.utf8)
        update((0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> (56 - $0 * 8)) })
        update(bytes)
    }
}
