internal import DVMProtocol

/// What the leading lines `# dvm: <key>: <value>` of a recipe say about it.
///
/// A file without such lines is a recipe too: it runs as root and takes no variables.
struct RecipeHeader: Hashable, Sendable {
    /// What it is, in a few words; empty when it does not say.
    var summary = ""
    /// Whom it runs as.
    var identity = ProvisionUnit.Identity.root
    /// The `DVM_*` variables it takes, beside those every unit has.
    var variables: [String] = []
    /// Those of them without which it does nothing.
    var requiredVariables: [String] = []
    /// Those of them that it asks for on some distributions.
    var sometimesRequired: [String] = []
    /// The secrets it gets.
    var secrets: [String] = []
    /// Those of them that it keeps itself: once it has run, it can do without.
    var keptSecrets: Set<String> = []
    /// Recipes that run before it, and are used with it.
    var needs: [RecipeName] = []
    /// Recipes it cannot be used with.
    var conflicts: [RecipeName] = []
    /// The systemd unit it sets up.
    var service: String?
    /// The AI tools it installs.
    var tools: [String] = []

    /// What a line can be about.
    enum Key: String, CaseIterable {
        case summary, `as`, vars, secrets, needs, conflicts, service, tools
    }

    /// Variables every unit has without asking.
    static let given: Set<String> = ["DVM_NAME", "DVM_USER", "DVM_HOME", "DVM_CODE_DIR"]

    /// The endings of systemd's units that can be said to be a service of a recipe.
    static let unitEndings = [".service", ".socket", ".timer", ".target"]
}

// MARK: Values

extension RecipeHeader {
    /// Takes in a line.
    ///
    /// - Throws: a `Refusal` without the file's name.
    mutating func take(_ key: Key, _ value: String) throws(Refusal) {
        switch key {
        case .summary: summary = value
        case .as:
            guard let identity = ProvisionUnit.Identity(rawValue: value) else {
                throw Refusal(
                    "“\(value.printable)” is nobody a recipe can run as",
                    hint: "write `as: root`, or `as: user` for the account people work as"
                )
            }
            self.identity = identity
        case .vars:
            for word in Self.words(value) {
                let mark = ["!", "?"].first(where: word.hasSuffix)
                let name = try Self.variable(mark == nil ? word : String(word.dropLast()))
                variables.addOnce(name)
                if mark == "!" { requiredVariables.addOnce(name) }
                if mark == "?" { sometimesRequired.addOnce(name) }
            }
        case .secrets:
            for word in Self.words(value) {
                let isKept = word.hasSuffix("?")
                let name = try Self.secret(isKept ? String(word.dropLast()) : word)
                secrets.addOnce(name)
                if isKept { keptSecrets.insert(name) }
            }
        case .needs: for word in Self.words(value) { needs.addOnce(try RecipeName(word)) }
        case .conflicts: for word in Self.words(value) { conflicts.addOnce(try RecipeName(word)) }
        case .service: service = try Self.unit(value)
        case .tools: for word in Self.words(value) { tools.addOnce(try RecipeName(word).text) }
        }
    }

    /// The words of a list, separated by blanks or commas.
    private static func words(_ value: String) -> [String] {
        value.split { $0 == " " || $0 == "\t" || $0 == "," }.map(String.init)
    }

    private static func variable(_ word: String) throws(Refusal) -> String {
        guard word.utf8.count > 4, word.hasPrefix("DVM_"), isName(word) else {
            throw Refusal(
                "“\(word.printable)” is not a variable of a recipe",
                hint: "write DVM_ and capital letters, digits and underscores, such as DVM_NODE_VERSION"
            )
        }
        guard !given.contains(word) else {
            throw Refusal("every recipe has \(word) without asking", hint: "take it out of `vars:`")
        }
        guard !RetiredVariable.names.contains(word), !word.hasPrefix("DVM_SECRET_") else {
            throw Refusal("\(word) means something else to dvm", hint: "give the recipe's variable another name")
        }
        return word
    }

    private static func secret(_ word: String) throws(Refusal) -> String {
        guard let first = word.utf8.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first), isName(word) else {
            throw Refusal(
                "“\(word.printable)” cannot name a secret",
                hint: "write capital letters, digits and underscores, such as NPM_TOKEN"
            )
        }
        return word
    }

    private static func isName(_ word: String) -> Bool {
        word.utf8.count <= 64 && word.utf8.allSatisfy { "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_".utf8.contains($0) }
    }

    /// Reads the name of a systemd unit (systemd.unit(5)).
    private static func unit(_ value: String) throws(Refusal) -> String {
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.@-".utf8
        guard let ending = unitEndings.first(where: value.hasSuffix), value.utf8.count > ending.utf8.count,
            value.utf8.count <= 255, !value.hasPrefix("-"), value.utf8.allSatisfy(letters.contains)
        else {
            throw Refusal(
                "“\(value.printable)” is not a unit of systemd",
                hint: "write one unit with its ending, such as app.service"
            )
        }
        return value
    }
}

extension Array where Element: Equatable {
    fileprivate mutating func addOnce(_ element: Element) {
        if !contains(element) { append(element) }
    }
}
