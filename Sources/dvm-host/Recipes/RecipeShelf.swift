internal import DVMProtocol

/// The recipes there are: the person's own, and those that came with dvm where the person has none of that name.
///
/// Everything was read when it was made, so that what is planned is what was looked at.
struct RecipeShelf: Hashable, Sendable {
    private var found: [RecipeName: Result<Recipe, Refusal>] = [:]
    private var common: Result<String, Refusal>
    /// What is wrong with files that cannot be recipes at all.
    private(set) var strays: [Refusal] = []

    /// A shelf with these recipes.
    init(_ recipes: [Recipe] = [], prelude: Result<String, Refusal> = .success("")) {
        common = prelude
        for recipe in recipes { put(.success(recipe), as: recipe.name) }
    }

    /// Puts a recipe on the shelf, or what is wrong with it: that is said when it is used, and keeps no other from use.
    mutating func put(_ recipe: Result<Recipe, Refusal>, as name: RecipeName) { found[name] = recipe }

    mutating func put(stray: Refusal) { strays.append(stray) }

    func holds(_ name: RecipeName) -> Bool { found[name] != nil }

    /// The names, in order.
    var names: [RecipeName] { found.keys.sorted() }

    /// Every recipe, or what is wrong with it, in order of the names.
    var entries: [(name: RecipeName, recipe: Result<Recipe, Refusal>)] {
        found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Whether any came with dvm.
    var hasBundled: Bool {
        found.values.contains {
            if case .success(let recipe) = $0, case .bundled = recipe.origin { true } else { false }
        }
    }

    /// The recipes in which nothing is wrong.
    var sound: [Recipe] { entries.compactMap { try? $0.recipe.get() } }

    /// What is wrong with the others, and with files that cannot be recipes.
    var wrong: [Refusal] {
        strays + entries.compactMap { if case .failure(let refusal) = $0.recipe { refusal } else { nil } }
    }

    /// Every recipe, in order of the names.
    ///
    /// - Throws: a `Refusal` about the first one that is wrong.
    func all() throws(Refusal) -> [Recipe] {
        var recipes: [Recipe] = []
        for entry in entries { recipes.append(try entry.recipe.get()) }
        if let stray = strays.first { throw stray }
        return recipes
    }

    /// A recipe.
    ///
    /// - Throws: a `Refusal` about what is wrong with it, or that suggests another name.
    func recipe(named name: RecipeName) throws(Refusal) -> Recipe {
        guard let recipe = found[name] else { throw unknown(name.text) }
        return try recipe.get()
    }

    /// Says that there is no such recipe, and which may have been meant.
    func unknown(_ name: String) -> Refusal {
        let words = name.split(separator: ",").map(String.init)
        if words.count > 1, words.allSatisfy({ word in found.keys.contains { $0.text == word } }) {
            return Refusal(
                "there is no recipe “\(name.printable)”",
                hint: "write blanks between names: use \(words.joined(separator: " "))"
            )
        }
        let known = found.keys.map(\.text)
        let nearest = Suggestion.nearest(to: name, among: known).map { "did you mean \($0)? " } ?? ""
        return Refusal(
            "there is no recipe “\(name.printable)”",
            hint: "\(nearest)`dvm recipes` lists the ones there are"
        )
    }

    /// Shell functions all recipes may use.
    ///
    /// - Throws: a `Refusal` when they cannot be read.
    func prelude() throws(Refusal) -> String { try common.get() }
}
