internal import DVMProtocol

/// Which variables a VM's configuration may set, and what is said about the others.
struct KnownVariables: Sendable {
    /// Those the VM's recipes take.
    let declared: Set<String>
    /// Those that say where the secrets of the VM's recipes are.
    let secretVariables: Set<String>
    private let shelf: RecipeShelf
    private let switches: Set<String>

    init(selection: [Recipe], shelf: RecipeShelf, tools: [Tool]) {
        declared = Set(selection.flatMap(\.header.variables))
        secretVariables = Set(selection.flatMap(\.header.secrets).flatMap(SecretVariable.sources))
        self.shelf = shelf
        switches = Set(tools.flatMap(\.switches))
    }

    /// Says whether a variable means something for the VM.
    ///
    /// What is written for all VMs and belongs to a recipe of others is passed over.
    ///
    /// - Throws: a `Refusal` for one that nobody takes, or that is taken from elsewhere only.
    func judge(_ name: String, _ entry: SettingsReader.Entry, for vm: MachineName) throws(Refusal) -> Bool {
        if Variable(rawValue: name) != nil || switches.contains(name) || declared.contains(name)
            || secretVariables.contains(name)
        {
            return true
        }
        let place = "\(name.printable), set in \(entry.origin.text.printable)"
        try checkNoSecret(name, place)
        do throws(Refusal) {
            if try RetiredVariable.accept(name, entry.value, for: vm) { return false }
        } catch {
            throw Refusal("\(place): \(error.message)", hint: error.hint)
        }
        if let recipe = shelf.sound.first(where: { $0.takes(name) }) {
            if entry.isShared { return false }
            throw Refusal(
                "\(place), belongs to the recipe \(recipe.name), which \(vm) does not use",
                hint: "write `use \(recipe.name)`, or take the line out"
            )
        }
        throw unknown(name, place)
    }

    /// Refuses a secret in a file: it would be there for good, and in every copy of it.
    private func checkNoSecret(_ name: String, _ place: String) throws(Refusal) {
        let secrets = Set(shelf.sound.flatMap(\.header.secrets))
        guard let secret = secrets.sorted().first(where: { SecretVariable.values(of: $0).contains(name) }) else {
            return
        }
        throw Refusal(
            "\(place), is a secret, which does not belong in a file of the configuration",
            hint: Self.remedy(for: secret)
        )
    }

    private static func remedy(for secret: String) -> String {
        "hand it over in the environment of `dvm sync`, or say where it is: "
            + SecretVariable.sources(of: secret).joined(separator: " or ")
    }

    private func unknown(_ name: String, _ place: String) -> Refusal {
        let own = Variable.allCases.map(\.name) + switches.sorted()
        let secrets = Set(shelf.sound.flatMap(\.header.secrets)).sorted()
        let others = shelf.sound.flatMap(\.header.variables) + secrets.flatMap(SecretVariable.sources)
        let known = own + others + secrets.flatMap(SecretVariable.values)
        let nearest = Suggestion.nearest(toVariable: name, among: known)
        // It would only be refused in the next moment.
        let secret = secrets.first { secret in nearest.map(SecretVariable.values(of: secret).contains) ?? false }
        return Refusal(
            "\(place), is not a variable of dvm",
            hint: nearest.map { near in
                "did you mean \(near)?" + (secret.map { " It is a secret: \(Self.remedy(for: $0))" } ?? "")
            }
                ?? "`dvm config <vm>` shows those there are; a recipe of yours that takes it says so in its header: "
                + "`# dvm: vars: \(name.printable)`"
        )
    }
}

/// The variables about a recipe's secret.
enum SecretVariable {
    static let fileEnding = "_FILE"
    /// What all begin with that are about nothing but a secret.
    static let prefix = "DVM_SECRET_"

    /// Those that hold it, in the environment only; the last two are as every dvm before this one had them.
    static func values(of secret: String) -> [String] {
        ["\(prefix)\(plain(secret))", "DVM_\(plain(secret))", plain(secret)]
    }

    /// Those that say where it is: a file with it, and a command that prints it.
    static func sources(of secret: String) -> [String] {
        ["\(prefix)\(plain(secret))\(fileEnding)", "\(prefix)\(plain(secret))_CMD"]
    }

    /// The name without dvm's own beginning.
    static func plain(_ secret: String) -> String {
        secret.hasPrefix("DVM_") ? String(secret.dropFirst(4)) : secret
    }
}

extension Recipe {
    /// Whether a variable says something to this recipe.
    fileprivate func takes(_ name: String) -> Bool {
        header.variables.contains(name) || header.secrets.contains { SecretVariable.sources(of: $0).contains(name) }
    }
}
