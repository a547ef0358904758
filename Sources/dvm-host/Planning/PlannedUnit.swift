internal import DVMProtocol

/// A unit with what is to be done about it.
struct PlannedUnit: Hashable, Sendable {
    var draft: UnitDraft
    var parts: UnitParts
    var digest: UnitDigest
    var decision: Decision
    /// The secrets that its runs in this VM were given, as far as anybody remembers, by their names.
    var earlierSecrets: Set<String> = []

    enum Decision: Hashable, Sendable {
        case run(Reason)
        /// What it depends on is as it was when it succeeded.
        case skip
        /// Something else was asked for.
        case leave
    }

    /// Why a unit runs.
    enum Reason: Hashable, Sendable {
        /// It has not succeeded in this VM yet.
        case new
        case forced
        /// Programs are brought up to date.
        case update
        /// These parts of what it depends on have changed; none are named when it ran from another computer.
        case changed([String])

        /// As people read it.
        var text: String {
            switch self {
            case .new: "new"
            case .forced: "forced"
            case .update: "update"
            case .changed([]): "something it depends on has changed"
            case .changed(let parts): "\(parts.joined(separator: ", ")) changed"
            }
        }
    }

    var reason: Reason? {
        guard case .run(let reason) = decision else { return nil }
        return reason
    }

    /// The first secret it cannot run without and that is not there.
    var missingSecret: String? {
        draft.secrets.first { $0.source == nil && !isKept($0) }?.name
    }

    /// Whether it can do without a secret, which it keeps and was given: one that is new in its header it never had.
    func isKept(_ secret: UnitDraft.Secret) -> Bool { secret.isKept && earlierSecrets.contains(secret.name) }
}

/// What is asked for, beside making a VM what its configuration says.
struct UnitRequest: Hashable, Sendable {
    /// Whether units run that need not.
    var isForced = false
    /// The units that are wanted; all when there is none.
    var only: Set<String> = []
    /// Whether programs are brought up to date.
    var isUpdate = false
}

extension PlannedUnit {
    /// Decides about the units of a VM, each of which stands after those it needs.
    ///
    /// The records are what the VM says it remembers, the notes what this computer does.
    static func plan(
        _ drafts: [UnitDraft],
        in facts: UnitFacts,
        records: [UnitRecord],
        notes: UnitNotes,
        request: UnitRequest
    ) -> [PlannedUnit] {
        let records = Dictionary(records.map { ($0.name, $0) }) { _, last in last }
        let wanted = wanted(request.only, of: drafts)
        var digests: [String: UnitDigest] = [:]
        var units: [PlannedUnit] = []
        for draft in drafts {
            let parts = UnitParts(of: draft, in: facts, needs: digests)
            let digest = UnitDigest(parts, secrets: draft.secrets)
            digests[draft.name] = digest
            var unit = PlannedUnit(draft: draft, parts: parts, digest: digest, decision: .leave)
            // A run that failed has no record any more, but a note when an earlier one did not.
            let earlier = [
                records[draft.name].map(\.secrets), notes.units[draft.name].map(\.secrets),
            ].compactMap(\.self)
            // What an older dvm wrote does not say, and is believed to have had them: such a key is often gone by now.
            unit.earlierSecrets =
                earlier.contains(nil) ? Set(draft.secrets.map(\.name)) : Set(earlier.compactMap(\.self).joined())
            if wanted?.contains(draft.name) != false {
                let reason = unit.reason(records[draft.name], notes.units[draft.name], request)
                unit.decision = reason.map(Decision.run) ?? .skip
            }
            units.append(unit)
        }
        return units
    }

    /// Refuses units that have to run and whose variables or secrets are not there.
    ///
    /// - Throws: a `Refusal` with what to set, or the ways to hand a secret over.
    static func checkNeeds(of units: [PlannedUnit]) throws(Refusal) {
        for unit in units where unit.reason != nil {
            if let lack = unit.draft.lack { throw lack }
            if let secret = unit.missingSecret { throw SecretSource.missing(secret, for: unit.draft.name) }
        }
    }

    /// Why it runs; nothing when it need not.
    private func reason(_ record: UnitRecord?, _ note: UnitNote?, _ request: UnitRequest) -> Reason? {
        if request.isForced, request.only.isEmpty || request.only.contains(draft.name) { return .forced }
        guard let record else { return .new }
        if digest.matches(record.digest) {
            // What has its secret from an earlier time stays as it is rather than keep everything else waiting.
            return request.isUpdate && draft.isRecipe && missingSecret == nil ? .update : nil
        }
        if digest.differsInSecrets(from: record.digest) { return .changed(draft.secrets.map(\.name)) }
        // What this computer remembers explains it only if it is what the VM remembers.
        guard let note, note.digest == record.digest else { return .changed([]) }
        return .changed(parts.changes(since: note.parts))
    }

    /// Those that were asked for, and what they need; nothing when all are.
    private static func wanted(_ only: Set<String>, of drafts: [UnitDraft]) -> Set<String>? {
        guard !only.isEmpty else { return nil }
        var wanted = only
        // What a unit needs stands before it, so that one pass from the end finds everything.
        for draft in drafts.reversed() where wanted.contains(draft.name) { wanted.formUnion(draft.needs) }
        return wanted
    }

    /// Refuses names that no unit has.
    ///
    /// - Throws: a `Refusal` with the nearest name.
    static func check(_ only: Set<String>, among drafts: [UnitDraft], of vm: MachineName) throws(Refusal) {
        let names = drafts.map(\.name)
        guard let unknown = only.subtracting(names).min() else { return }
        let hint =
            names.isEmpty
            ? "its configuration uses none; add `use \(unknown.printable)` to it"
            : Suggestion.nearest(to: unknown, among: names).map { "did you mean \($0)?" }
                ?? "it has \(names.joined(separator: ", "))"
        throw Refusal("\(vm) has no recipe “\(unknown.printable)”", hint: hint)
    }
}
