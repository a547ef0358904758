internal import DVMProtocol

/// Turns variables into settings: every value is read once, here, when all places were looked at.
struct SettingsReader: Sendable {
    /// What a value can depend on beside itself.
    let context: Field.Context
    /// The AI tools there are, each with variables of its own.
    let tools: [Tool]
    let shelf: RecipeShelf
    let host: HostFacts

    /// The values in effect so far.
    private(set) var entries: [String: Entry] = [:]

    /// A value and where it is from.
    struct Entry: Hashable, Sendable {
        var value: Evaluation.Value
        var origin: Origin
        /// Whether it was written for all VMs, of which only some may have a use for it.
        var isShared: Bool
    }

    init(
        for vm: MachineName,
        home: FilePath,
        environment: HostEnvironment = HostEnvironment([:]),
        host: HostFacts = HostFacts(),
        tools: [Tool] = Tool.all,
        shelf: RecipeShelf = RecipeShelf()
    ) {
        context = Field.Context(vm: vm, home: home, environment: environment)
        self.host = host
        self.tools = tools
        self.shelf = shelf
    }

    /// Takes in the variables from one place, over those from before.
    ///
    /// An empty value means what leaving it out means, so that a file can take back another's choice.
    mutating func take(_ variables: Evaluation.Variables, from place: Place) {
        for (name, value) in variables {
            entries[name] =
                value.isEmpty
                ? nil : Entry(value: value, origin: place.origin(of: name), isShared: place.isShared)
        }
    }

    /// A place where variables are set.
    struct Place: Hashable, Sendable {
        var origin: Origin
        var lines: AssignmentLines?
        var isShared = false

        func origin(of name: String) -> Origin {
            guard case .file(let path, _) = origin, let lines else { return origin }
            return .file(path, lines: lines[name])
        }
    }

    /// What came out.
    struct Reading: Hashable, Sendable {
        var settings: Settings
        /// The recipes the VM gets, in the order they run.
        var selection: [Recipe]
    }

    /// Reads every value.
    ///
    /// - Throws: a `Refusal` naming the variable, its value, where it is set and what to write instead.
    func read() throws(Refusal) -> Reading {
        var entries = entries
        for variable in Variable.allCases where variable.isTakenFromEnvironment {
            guard let text = context.environment[variable.name] else { continue }
            entries[variable.name] = Entry(value: .text(text), origin: .environment, isShared: false)
        }
        var settings = Settings(for: context.vm, on: host)
        for variable in [Variable.recipes, .noBaseline] { try take(variable, entries, into: &settings) }
        let selection = try select(settings, entries)

        let known = KnownVariables(selection: selection, shelf: shelf, tools: tools)
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            let isUsed = try known.judge(name, entry, for: context.vm)
            if !isUsed { entries[name] = nil }
        }
        for variable in Variable.allCases where ![.recipes, .noBaseline].contains(variable) {
            try take(variable, entries, into: &settings)
        }
        if settings.origins[.codeDirectory] == nil { settings.origins[.codeDirectory] = settings.origins[.codeRoot] }
        for tool in tools { try take(tool, entries, into: &settings) }
        try take(known.declared, entries, into: &settings)
        for name in known.secretVariables { try takeSecret(name, entries, into: &settings) }
        return Reading(settings: settings, selection: selection)
    }

    private func take(
        _ variable: Variable,
        _ entries: [String: Entry],
        into settings: inout Settings
    ) throws(Refusal) {
        guard let entry = entries[variable.name] else { return }
        try Self.naming(variable.name, entry) { () throws(Refusal) in
            try variable.field.read(entry.value, context, &settings)
        }
        settings.origins[variable] = entry.origin
    }

    private func select(_ settings: Settings, _ entries: [String: Entry]) throws(Refusal) -> [Recipe] {
        if let entry = entries[Variable.recipes.name] {
            try Self.naming(Variable.recipes.name, entry) { () throws(Refusal) in
                for name in settings.recipes where !shelf.holds(name) { throw shelf.unknown(name.text) }
            }
        }
        return try RecipeSelection.resolve(settings.recipes, on: shelf, baseline: settings.hasBaseline)
    }

    private func take(_ tool: Tool, _ entries: [String: Entry], into settings: inout Settings) throws(Refusal) {
        for name in tool.switches {
            guard let entry = entries[name] else { continue }
            try Self.naming(name, entry) { () throws(Refusal) in
                guard case .text(let text) = entry.value,
                    ["0", "false", "no", "1", "true", "yes"].contains(text.lowercased())
                else {
                    throw Refusal(
                        "it is neither 0 nor 1",
                        hint: "write 0 to be asked before \(tool.name) acts, 1 not to be"
                    )
                }
                settings.agents.prompting.removeAll { $0 == tool.name }
                guard ["0", "false", "no"].contains(text.lowercased()) else { return }
                settings.agents.prompting = (settings.agents.prompting + [tool.name]).sorted()
            }
            settings.variableOrigins[name] = entry.origin
        }
    }

    /// Takes in the variables of recipes; the environment has the last word about these.
    private func take(_ declared: Set<String>, _ entries: [String: Entry], into settings: inout Settings)
        throws(Refusal)
    {
        for name in declared.sorted() {
            // A variable of dvm's own is handed on as it is in effect.
            if let variable = Variable(rawValue: name) {
                settings.variables[name] = variable.field.show(settings)
                settings.variableOrigins[name] = settings.origin(of: variable)
                continue
            }
            let given = context.environment[name].map {
                Entry(value: .text($0), origin: .environment, isShared: false)
            }
            guard let entry = given ?? entries[name] else { continue }
            try Self.naming(name, entry) { () throws(Refusal) in
                guard case .list(let items) = entry.value else { return }
                // The recipe sees words, and could not tell them apart.
                guard let wrong = items.first(where: { $0.contains(where: \.isWhitespace) }) else { return }
                throw Refusal("“\(wrong.printable)” in the list has a blank", hint: "write items without blanks")
            }
            settings.variables[name] = entry.value
            settings.variableOrigins[name] = entry.origin
        }
    }

    private func takeSecret(_ name: String, _ entries: [String: Entry], into settings: inout Settings)
        throws(Refusal)
    {
        guard let entry = entries[name] else { return }
        try Self.naming(name, entry, showsValue: false) { () throws(Refusal) in
            let text = try entry.value.single()
            let isFile = name.hasSuffix(SecretVariable.fileEnding)
            settings.secretVariables[name] = isFile ? try FieldValue.file(text, home: context.home).string : text
        }
        settings.variableOrigins[name] = entry.origin
    }

    /// Says about which variable something is.
    private static func naming(
        _ name: String,
        _ entry: Entry,
        showsValue: Bool = true,
        _ body: () throws(Refusal) -> Void
    ) throws(Refusal) {
        do throws(Refusal) {
            try body()
        } catch {
            let value = showsValue ? "=\(entry.value.shown)" : ""
            throw Refusal(
                "\(name)\(value), set in \(entry.origin.text.printable): \(error.message)",
                hint: error.hint
            )
        }
    }
}
