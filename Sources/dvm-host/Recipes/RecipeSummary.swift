internal import DVMProtocol

/// What `dvm recipes` shows of a recipe.
struct RecipeSummary: Hashable, Sendable, Encodable {
    var name: String
    var summary: String
    /// Whom it runs as: `root` or `user`.
    var identity: String
    var variables: [String]
    /// The variables without which it does nothing.
    var required: [String]
    /// Those that it asks for on some distributions.
    var sometimesRequired: [String]
    var secrets: [String]
    var needs: [String]
    var conflicts: [String]
    var service: String?
    var tools: [String]
    /// `own` or `bundled`.
    var origin: String
    var path: String

    private enum CodingKeys: String, CodingKey {
        case name, summary, variables, required, sometimesRequired, secrets, needs, conflicts, service, tools, origin,
            path
        // As the header calls it.
        case identity = "as"
    }

    init(_ recipe: Recipe) {
        name = recipe.name.text
        summary = recipe.header.summary
        identity = recipe.header.identity.rawValue
        variables = recipe.header.variables
        required = recipe.header.requiredVariables
        sometimesRequired = recipe.header.sometimesRequired
        secrets = recipe.header.secrets
        needs = recipe.header.needs.map(\.text)
        conflicts = recipe.header.conflicts.map(\.text)
        service = recipe.header.service
        tools = recipe.header.tools
        origin = recipe.origin.word
        path = recipe.origin.path.string
    }

    static func table(_ recipes: [Self]) -> Table {
        Table(
            headings: ["NAME", "ORIGIN", "SUMMARY"],
            rows: recipes.map { recipe in
                let parts = [
                    recipe.summary, recipe.required.isEmpty ? "" : "needs \(recipe.required.joined(separator: ", "))",
                ]
                let text = parts.filter { !$0.isEmpty }.joined(separator: "; ")
                return [recipe.name, recipe.origin, text.isEmpty ? "-" : text]
            }
        )
    }

    /// Everything, a line for each part that says something.
    var text: String {
        let lists = [
            ("variables", variables), ("must set", required), ("may need", sometimesRequired), ("secrets", secrets),
            ("needs", needs), ("conflicts", conflicts),
            ("service", [service].compactMap(\.self)), ("AI tools", tools),
        ]
        let parts =
            [("name", name), ("summary", summary.isEmpty ? "-" : summary), ("runs as", identity)]
            + lists.filter { !$0.1.isEmpty }.map { ($0.0, $0.1.joined(separator: " ")) }
            + [("origin", "\(origin), \(path)")]
        return parts.map { "\(TerminalText.pad("\($0.0):", to: 11))\($0.1.printable)" }.joined(separator: "\n")
    }
}
