/// What a sync of one VM came to.
struct SyncReport: Hashable, Sendable {
    /// The units that ran, in order.
    var ran: [String] = []
    /// How many need not.
    var skipped = 0
    /// What else was changed, in the words of the VM.
    var changes: [String] = []
    /// Whether the VM was made, changed or started.
    var wasTouched = false
    /// Where the project is in the VM.
    var codeDirectory = ""
    /// The AI tools that its recipes install.
    var tools: [String] = []
    /// The recipes there are that install one.
    var toolRecipes: [RecipeName] = []

    /// Whether the VM was as it should be before.
    var changedNothing: Bool { ran.isEmpty && changes.isEmpty && !wasTouched }

    /// What was done, in a few words.
    var summary: String {
        guard !changedNothing else {
            return skipped == 0 ? "nothing had to be done" : "nothing had to be done, \(Self.count(skipped)) unchanged"
        }
        let parts = [
            ran.isEmpty ? nil : "ran \(ran.joined(separator: ", "))",
            skipped == 0 ? nil : "\(Self.count(skipped)) unchanged",
        ]
        return parts.compactMap(\.self).joined(separator: "; ")
    }

    private static func count(_ units: Int) -> String { units == 1 ? "1 recipe" : "\(units) recipes" }
}
