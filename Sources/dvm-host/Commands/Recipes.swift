internal import ArgumentParser
internal import DVMProtocol

struct Recipes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipes",
        abstract: "List the recipes a VM can use",
        discussion: """
            A configuration uses recipes by name, such as `use node python`. Those in ~/.config/dvm/recipes are your \
            own and win over the ones that came with dvm. With a name, everything a recipe says about itself is shown.

            Examples:
              dvm recipes
              dvm recipes node
            """
    )

    @Argument(help: "Show this recipe only", completion: .shellCommand("dvm recipes --names"))
    var name: String?

    @Flag(help: "Print JSON")
    var json = false

    @Flag(help: "Print the names only")
    var names = false

    func run() async throws {
        let session = try Session(.current)
        let shelf = try session.configuration.shelf()
        if let name {
            let recipe = try shelf.recipe(named: try RecipeName(name))
            try Output.print(json ? try JSON.text(RecipeSummary(recipe)) : RecipeSummary(recipe).text)
            return
        }
        if names {
            if !shelf.names.isEmpty { try Output.print(shelf.names.map(\.text).joined(separator: "\n")) }
            return
        }
        let recipes = shelf.sound.map { RecipeSummary($0) }
        let wrong = shelf.wrong
        if json {
            try Output.print(try JSON.text(recipes))
        } else if recipes.isEmpty, wrong.isEmpty {
            let own = session.paths.config.appending("recipes").shown
            Output.say("there are no recipes; `make install` brings those of dvm, and yours go into \(own)\n")
        } else {
            let isTerminal = TerminalDevice.isTerminal(.standardOutput)
            let width = isTerminal ? TerminalDevice.size(of: .standardOutput).map { Int($0.columns) } : nil
            try Output.print(RecipeSummary.table(recipes).draw(width: width))
        }
        for refusal in wrong { Output.say(ErrorText.of(refusal) ?? "") }
        if !wrong.isEmpty { throw Failed() }
    }
}
