internal import DVMProtocol

extension ConfigurationReport {
    /// The report for people: tables, none wider than a terminal where there is one.
    func text(width: Int? = nil) -> String {
        var tables = [table]
        if !recipes.isEmpty {
            tables.append(
                Table(
                    headings: ["RECIPE", "ASKED FOR", "ORIGIN"],
                    rows: recipes.map { [$0.name, $0.reason, $0.origin == "own" ? $0.path : $0.origin] }
                )
            )
        }
        if !secrets.isEmpty {
            tables.append(
                Table(
                    headings: ["SECRET", "RECIPE", "FROM"],
                    rows: secrets.map { [$0.name, $0.recipe, $0.source ?? "not there yet"] }
                )
            )
        }
        if !setupScripts.isEmpty {
            tables.append(Table(headings: ["SETUP SCRIPT"], rows: setupScripts.map { [$0] }))
        }
        return tables.map { $0.draw(width: width) }.joined(separator: "\n\n")
    }

    /// dvm's own variables in their order, then those of tools and recipes by name.
    private var table: Table {
        let own = Variable.allCases.map(\.name)
        let others = variables.keys.filter { !own.contains($0) }.sorted()
        return Table(
            headings: ["VARIABLE", "VALUE", "FROM"],
            rows: (own + others).compactMap { name in
                variables[name].map { [name, $0.text, $0.origin] }
            }
        )
    }
}

extension ConfigurationReport.Value {
    /// The value in a table.
    fileprivate var text: String {
        let text = value?.joined ?? ""
        return text.isEmpty ? "-" : text
    }
}
