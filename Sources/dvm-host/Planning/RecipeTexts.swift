internal import DVMProtocol

/// The texts of the recipes there are with their digests, computed once however many VMs use them.
struct RecipeTexts: Sendable {
    /// What is known to every recipe, or why it cannot be had.
    let prelude: Result<HashedText, Refusal>
    private let scripts: [RecipeName: HashedText]

    init(_ shelf: RecipeShelf) {
        prelude = Result { () throws(Refusal) in HashedText(try shelf.prelude()) }
        scripts = Dictionary(shelf.sound.map { ($0.name, HashedText($0.text)) }) { first, _ in first }
    }

    /// The text of a recipe of the shelf.
    func script(of recipe: Recipe) -> HashedText {
        guard let script = scripts[recipe.name], script.text == recipe.text else { return HashedText(recipe.text) }
        return script
    }
}
