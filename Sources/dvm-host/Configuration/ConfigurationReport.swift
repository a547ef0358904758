internal import DVMProtocol

/// What `dvm config` shows: every value in effect and where it is from, and no secret.
struct ConfigurationReport: Hashable, Sendable, Encodable {
    var name: String
    var variables: [String: Value]
    /// In the order they run.
    var recipes: [UsedRecipe]
    var secrets: [Secret]
    /// The paths of scripts that run after the recipes.
    var setupScripts: [String]
    var warnings: [String]

    /// A value in effect.
    struct Value: Hashable, Sendable, Encodable {
        /// Nothing where it is left to somebody else.
        var value: Evaluation.Value?
        /// As messages name it.
        var origin: String
    }

    /// A recipe the VM gets.
    struct UsedRecipe: Hashable, Sendable, Encodable {
        var name: String
        /// Who asked for it.
        var reason: String
        /// `own` or `bundled`.
        var origin: String
        var path: String
    }

    /// A secret a recipe needs.
    struct Secret: Hashable, Sendable, Encodable {
        var name: String
        var recipe: String
        /// Where it would come from; nothing when nobody has said.
        var source: String?
    }

    init(of vm: MachineName, _ loaded: ConfigurationStore.Loaded, _ environment: HostEnvironment) {
        let settings = loaded.settings
        name = vm.text
        variables = [:]
        for variable in Variable.allCases {
            variables[variable.name] = Value(
                value: variable == .cpus ? .text("\(settings.processors)") : variable.field.show(settings),
                origin: settings.origin(of: variable).text
            )
        }
        for tool in Tool.all + settings.tools {
            // One of its names is enough; those that were written are shown as well.
            for name in tool.switches where name == tool.switches.first || settings.variableOrigins[name] != nil {
                variables[name] = Value(
                    value: .text(settings.agents.prompting.contains(tool.name) ? "0" : "1"),
                    origin: (settings.variableOrigins[name] ?? .builtIn).text
                )
            }
        }
        for (name, value) in settings.variables {
            variables[name] = Value(value: value, origin: (settings.variableOrigins[name] ?? .builtIn).text)
        }
        for recipe in loaded.selection {
            for name in recipe.header.requiredVariables where variables[name] == nil {
                variables[name] = Value(origin: "nowhere: \(recipe.name) needs it")
            }
        }
        recipes = loaded.selection.map { recipe in
            UsedRecipe(
                name: recipe.name.text,
                reason: Self.reason(for: recipe, loaded),
                origin: recipe.origin.word,
                path: recipe.origin.path.string
            )
        }
        secrets = loaded.selection.flatMap { recipe in
            recipe.header.secrets.map {
                Secret(name: $0, recipe: recipe.name.text, source: Self.source(of: $0, settings, environment))
            }
        }
        setupScripts = settings.setupScripts.map(\.path.string)
        warnings = loaded.warnings
    }

    private static func reason(for recipe: Recipe, _ loaded: ConfigurationStore.Loaded) -> String {
        let settings = loaded.settings
        if let use = loaded.uses.last(where: { $0.recipe == recipe.name.text }), settings.recipes.contains(recipe.name)
        {
            return "\(use.path.string):\(use.line)"
        }
        if settings.recipes.contains(recipe.name) { return settings.origin(of: .recipes).text }
        if let other = loaded.selection.first(where: { $0.header.needs.contains(recipe.name) }) {
            return "needed by \(other.name)"
        }
        return "in every VM"
    }

    /// Where a secret would come from, in words that say nothing of what it is.
    private static func source(of secret: String, _ settings: Settings, _ environment: HostEnvironment) -> String? {
        if let name = SecretVariable.values(of: secret).first(where: { environment[$0] != nil }) {
            return "the variable \(name)"
        }
        for name in SecretVariable.sources(of: secret) {
            let isGiven = environment[name] != nil
            guard let value = environment[name] ?? settings.secretVariables[name] else { continue }
            let place = isGiven ? "the environment" : (settings.variableOrigins[name] ?? .builtIn).text
            // A command may have a secret among its words.
            return name.hasSuffix(SecretVariable.fileEnding) ? "\(value) (\(place))" : "a command (\(place))"
        }
        return nil
    }
}

extension Evaluation.Value: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .list(let items): try container.encode(items)
        }
    }
}
