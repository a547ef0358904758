internal import DVMProtocol

/// What `dvm init` writes: a file that came with dvm for each kind of VM, beside its recipes.
struct ConfigurationTemplate: Hashable, Sendable {
    let text: String

    /// The kind of an ordinary VM.
    static let usual = "app"

    /// The name of the one for `config.sh`, which is no kind of VM.
    private static let common = "config"

    /// Reads the template of a kind from the directory of dvm's recipes.
    ///
    /// - Throws: a `Refusal` that says which kinds there are.
    init(_ kind: String, beside recipes: FilePath?) throws(Refusal) {
        let kinds = Self.kinds(beside: recipes)
        guard !kinds.isEmpty else { throw Self.missing }
        guard kinds.contains(kind) else {
            throw Refusal(
                "there is no kind of VM called “\(kind.printable)”",
                hint: Suggestion.nearest(to: kind, among: kinds).map { "did you mean \($0)?" }
                    ?? "there are \(kinds.joined(separator: ", "))"
            )
        }
        try self.init(file: kind, beside: recipes)
    }

    /// The template for what holds for all VMs.
    ///
    /// - Throws: a `Refusal` when dvm has lost it.
    static func forAll(beside recipes: FilePath?) throws(Refusal) -> Self { try Self(file: common, beside: recipes) }

    private init(file name: String, beside recipes: FilePath?) throws(Refusal) {
        guard let recipes else { throw Self.missing }
        let path = recipes.appending("templates").appending("\(name)\(RecipeShelf.suffix)")
        text = String(decoding: try Files.bytes(of: path, limit: TrustedFiles.largest), as: UTF8.self)
    }

    private static let missing = Refusal(
        "dvm was installed without the files it starts a configuration from",
        hint: "install dvm again with `make install`, which brings them"
    )

    init(text: String) { self.text = text }

    /// The kinds there are, the ordinary one first.
    static func kinds(beside recipes: FilePath?) -> [String] {
        guard let recipes else { return [] }
        let kinds = Files.names(in: recipes.appending("templates")).filter { $0.hasSuffix(RecipeShelf.suffix) }
            .map { String($0.dropLast(RecipeShelf.suffix.count)) }.filter { $0 != common }
        return kinds.filter { $0 == usual } + kinds.filter { $0 != usual }
    }

    /// The file for a VM on this computer.
    ///
    /// Only the words below are replaced: everything else, `$HOME` above all, is for bash to read later.
    func filled(for vm: MachineName?, on host: HostFacts) -> String {
        let memory = host.memory.map { "\($0 >> 30)GiB" } ?? "?"
        let values = [
            "__DVM_NAME__": vm?.text ?? "",
            "__DVM_HOST_CPUS__": host.processors.map(String.init) ?? "?",
            "__DVM_HOST_MEMORY__": memory,
            "__DVM_CPUS__": "\(host.automaticProcessors)",
        ]
        var text = text
        for (word, value) in values { text = text.replacing(word, with: value) }
        return text
    }
}
