internal import DVMProtocol

/// From what a configuration uses to what a VM gets.
enum RecipeSelection {
    /// The recipes in the order they run: as they are used, each after what it needs, every one once.
    ///
    /// The recipe every VM starts with comes first where it is wanted and there is one.
    ///
    /// - Throws: a `Refusal` about a recipe that does not exist or is wrong, about recipes that need each other, and
    ///   about two that cannot be used together.
    static func resolve(
        _ names: [RecipeName],
        on shelf: RecipeShelf,
        baseline: Bool = true
    ) throws(Refusal) -> [Recipe] {
        var walk = Walk(shelf: shelf)
        if baseline, shelf.holds(.baseline) { try walk.visit(.baseline) }
        for name in names { try walk.visit(name) }
        try checkConflicts(among: walk.order)
        return walk.order
    }

    /// Depth first, so that what a recipe needs stands before it.
    private struct Walk {
        let shelf: RecipeShelf
        var order: [Recipe] = []
        private var done: Set<RecipeName> = []
        /// From a used recipe to the one that is looked at.
        private var path: [Recipe] = []

        init(shelf: RecipeShelf) { self.shelf = shelf }

        mutating func visit(_ name: RecipeName) throws(Refusal) {
            guard !done.contains(name) else { return }
            if let start = path.firstIndex(where: { $0.name == name }) {
                let circle = (path[start...].map(\.name) + [name]).map(\.text).joined(separator: " → ")
                throw Refusal(
                    "these recipes need each other: \(circle)",
                    hint: "take one of them out of `# dvm: needs:` in \(path[path.count - 1].origin.path.shown)"
                )
            }
            let recipe = try find(name)
            path.append(recipe)
            for need in recipe.header.needs { try visit(need) }
            path.removeLast()
            done.insert(name)
            order.append(recipe)
        }

        private func find(_ name: RecipeName) throws(Refusal) -> Recipe {
            do throws(Refusal) {
                return try shelf.recipe(named: name)
            } catch {
                guard let last = path.last, !shelf.holds(name) else { throw error }
                throw Refusal(
                    "the recipe \(last.name) needs “\(name)”, which there is not (\(last.origin.path.shown))",
                    hint: error.hint
                )
            }
        }
    }

    private static func checkConflicts(among recipes: [Recipe]) throws(Refusal) {
        for recipe in recipes {
            guard let other = recipes.first(where: { recipe.header.conflicts.contains($0.name) }) else { continue }
            let because = [recipe, other].compactMap { one in
                recipes.first { $0.header.needs.contains(one.name) }.map { " (\($0.name) needs \(one.name))" }
            }
            throw Refusal(
                "the recipes \(recipe.name) and \(other.name) cannot be used together\(because.joined())",
                hint: "take one of them out of what the VM uses"
            )
        }
    }
}
