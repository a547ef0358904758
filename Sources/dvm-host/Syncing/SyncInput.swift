internal import DVMProtocol

/// What a sync of one VM starts from: everything this computer has to say about it, read before anything is done.
struct SyncInput: Sendable {
    var settings: Settings
    /// The units, with their secrets found as far as they are there.
    var drafts: [UnitDraft]
    /// What the configuration printed while it was read, and what there is to know about it.
    var notes: [String]
    /// The AI tools that the recipes install.
    var tools: [String] = []
    /// The recipes there are that install one as they are.
    var toolRecipes: [RecipeName] = []

    /// Reads a VM's configuration, recipes and scripts; writes nothing where it is only to be told.
    ///
    /// - Throws: a `Refusal` for whatever is wrong with them.
    static func load(
        _ vm: MachineName,
        _ session: Session,
        _ texts: RecipeTexts,
        _ request: UnitRequest,
        isDry: Bool = false
    ) async throws -> SyncInput {
        try vm.checkRoom(in: session.paths.lima)
        let loaded = try await session.configuration.load(vm)
        let settings = loaded.settings
        let drafts = try UnitDraft.all(loaded, texts: texts)
        try PlannedUnit.check(request.only, among: drafts, of: vm)
        var found: [UnitDraft] = []
        for draft in drafts {
            found.append(
                try draft.finding(session.secrets, configured: settings.secretVariables) { () throws(Refusal) in
                    let directory = session.paths.state(of: vm)
                    return isDry ? SecretKey.known(in: directory) ?? .random() : try .kept(in: directory)
                }
            )
        }
        return SyncInput(
            settings: settings,
            drafts: found,
            notes: loaded.notes,
            tools: loaded.selection.flatMap(\.header.tools),
            toolRecipes: loaded.shelf.sound
                .filter { !$0.header.tools.isEmpty && $0.header.requiredVariables.isEmpty }.map(\.name)
        )
    }

    /// What is likely to be done about each unit, from what this computer remembers.
    func expected(_ vm: MachineName, _ notes: UnitNotes, _ request: UnitRequest) -> [PlannedUnit] {
        let unknown = Welcome.Facts(distribution: "", release: "", architecture: "", kernel: "")
        var facts = UnitFacts(unknown, settings, of: vm)
        if let last = notes.facts { (facts.system, facts.architecture) = (last.system, last.architecture) }
        return PlannedUnit.plan(drafts, in: facts, records: notes.records, notes: notes, request: request)
    }

    /// Refuses units that have to run, as far as this computer knows, and whose variables or secrets are not there: before
    /// anything is started for them.
    ///
    /// - Throws: a `Refusal` with what to set, or the ways to hand a secret over.
    func checkNeeds(_ vm: MachineName, _ notes: UnitNotes, _ request: UnitRequest) throws(Refusal) {
        try PlannedUnit.checkNeeds(of: expected(vm, notes, request))
    }
}
