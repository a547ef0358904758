internal import DVMProtocol

extension UnitDraft {
    /// The units of a VM in the order they run: its recipes, then its setup scripts; their secrets have no source yet.
    ///
    /// - Throws: a `Refusal` when what all recipes need cannot be read, or a script is no text.
    static func all(_ loaded: ConfigurationStore.Loaded, texts: RecipeTexts) throws(Refusal) -> [Self] {
        let settings = loaded.settings
        guard !loaded.selection.isEmpty || !settings.setupScripts.isEmpty else { return [] }
        let prelude = try texts.prelude.get()
        var drafts = loaded.selection.map { Self($0, settings, prelude: prelude, script: texts.script(of: $0)) }
        for file in settings.setupScripts { drafts.append(try Self(file, settings, prelude: prelude)) }
        return drafts
    }

    /// What keeps the recipes of a VM from doing anything, whatever it is like.
    ///
    /// - Throws: a `Refusal` when what all recipes need cannot be read, or a script is no text.
    static func lacks(_ loaded: ConfigurationStore.Loaded) throws(Refusal) -> [Refusal] {
        try all(loaded, texts: RecipeTexts(loaded.shelf)).compactMap(\.lack)
    }

    private init(_ recipe: Recipe, _ settings: Settings, prelude: HashedText, script: HashedText) {
        let header = recipe.header
        let variables = Self.texts(settings.variables.filter { header.variables.contains($0.key) })
        self.init(
            name: recipe.name.text,
            identity: header.identity,
            prelude: prelude,
            script: script,
            variables: variables,
            secrets: header.secrets.sorted().map { Secret(name: $0, isKept: header.keptSecrets.contains($0)) },
            needs: header.needs.map(\.text),
            isRecipe: true,
            origin: "\(recipe.origin.path.shown) (\(recipe.origin.word))",
            lack: recipe.lack(of: variables, on: settings.architecture ?? .own),
            doubts: recipe.doubts(variables)
        )
    }

    /// A setup script has no header: it runs as root, and gets every variable there is.
    private init(_ file: TrustedFiles.File, _ settings: Settings, prelude: HashedText) throws(Refusal) {
        guard let text = String(validating: file.bytes, as: UTF8.self) else {
            throw Refusal("\(file.path.shown) is not text in UTF-8", hint: "save it as UTF-8")
        }
        self.init(
            name: file.path.lastComponent?.string ?? "setup.sh",
            identity: .root,
            prelude: prelude,
            script: HashedText(text),
            variables: Self.texts(settings.variables),
            origin: file.path.shown
        )
    }

    /// Variables as a program is given them: the words of a list are separated by blanks.
    private static func texts(_ values: [String: Evaluation.Value]) -> [String: String] {
        values.mapValues { value in
            switch value {
            case .text(let text): text
            case .list(let words): words.joined(separator: " ")
            }
        }
    }

    /// The unit with its secrets found, as far as they are there.
    ///
    /// - Throws: a `Refusal` when what was said about one makes no sense, or it cannot be read.
    func finding(
        _ reader: SecretReader,
        configured: [String: String],
        key: () throws(Refusal) -> SecretKey
    ) throws(Refusal) -> Self {
        var draft = self
        for index in draft.secrets.indices {
            let name = draft.secrets[index].name
            guard let source = try SecretSource.find(name, in: reader.environment, configured: configured) else {
                continue
            }
            draft.secrets[index].source = source
            draft.secrets[index].code = try key().code(for: reader.distinction(name, from: source))
        }
        return draft
    }
}
