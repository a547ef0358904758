internal import DVMProtocol

/// The configuration directory of a person: `config.sh` for all VMs, `vms/` with a file or directory for each.
struct ConfigurationStore: Sendable {
    var paths: Paths
    var environment: HostEnvironment
    /// What this computer is like.
    var host: HostFacts
    /// Where the recipes are that came with dvm; nothing when it was installed without them.
    let bundled: FilePath?
    /// The recipes a configuration can use, or why there are none, once they were read.
    private var recipes: Result<RecipeShelf, Refusal>?

    /// The configuration of somebody with these variables.
    init(paths: Paths, environment: HostEnvironment, bundled: FilePath? = Self.bundledRecipes) {
        self.paths = paths
        self.environment = environment
        self.bundled = bundled
        host = HostFacts(environment)
    }

    /// Where the recipes of this very dvm are.
    static var bundledRecipes: FilePath? { (try? OwnExecutable.path()).flatMap(RecipeShelf.bundledDirectory) }

    var trusted: TrustedFiles { TrustedFiles(root: paths.config) }

    /// The recipes a configuration can use.
    ///
    /// - Throws: a `Refusal` when somebody else could put one among the person's.
    func shelf() throws(Refusal) -> RecipeShelf { try (recipes ?? read()).get() }

    /// Reads the recipes, for as long as this value is used.
    mutating func readRecipes() { recipes = read() }

    private func read() -> Result<RecipeShelf, Refusal> {
        Result { () throws(Refusal) in try RecipeShelf.read(own: trusted, bundled: bundled) }
    }

    /// The VMs that have a configuration, in order.
    func names() -> [MachineName] { Set(entries().compactMap { try? $0.name.get() }).sorted() }

    /// What is meant to be the configuration of a VM and cannot be: a line each, that says why, and what to do.
    func misnamed() -> [String] {
        entries().compactMap { entry in
            guard case .failure(let refusal) = entry.name else { return nil }
            let hint = refusal.hint.map { ": \($0)" } ?? ""
            return "\(entry.path.shown) is passed over: \(refusal.message); rename it\(hint)"
        }
    }

    /// What there is in `vms/`, with the VM it is about or why it can be about none.
    private func entries() -> [(path: FilePath, name: Result<MachineName, Refusal>)] {
        let directory = paths.config.appending("vms")
        return Files.names(in: directory).compactMap { entry in
            let isFile = entry.hasSuffix(".sh")
            let path = isFile ? directory.appending(entry) : directory.appending(entry).appending("config.sh")
            // What begins with a dot is an editor's.
            guard !entry.hasPrefix("."), isFile || Files.exists(path) else { return nil }
            let name = Result { () throws(Refusal) in
                let name = try MachineName(isFile ? entry.dropLast(3) : entry[...])
                guard !entry.hasPrefix("dvm-") else {
                    throw Refusal("its name begins with dvm-", hint: "the VM is called \(name)")
                }
                return name
            }
            return (isFile ? path : directory.appending(entry), name)
        }
    }

    /// Where the configuration of a new VM goes.
    func path(for vm: MachineName) -> FilePath { paths.config.appending("vms").appending("\(vm.text).sh") }

    /// Where the configuration of all VMs is.
    var commonPath: FilePath { paths.config.appending("config.sh") }

    /// The file of a VM; nothing when it has none.
    ///
    /// - Throws: a `Refusal` when it has two, or when somebody else could have changed it.
    func file(of vm: MachineName) throws(Refusal) -> TrustedFiles.File? {
        let file = try trusted.read("vms", "\(vm.text).sh")
        let inDirectory = try trusted.read("vms", vm.text, "config.sh")
        if let file, let inDirectory {
            throw Refusal(
                "\(vm.text) has two configurations: \(file.path.shown) and \(inDirectory.path.shown)",
                hint: "keep one of them"
            )
        }
        return file ?? inDirectory
    }

    /// The person's own AI tools, from the files in `tools/`, in order of their names.
    ///
    /// - Throws: a `Refusal` naming the file, and the line, that is wrong.
    func tools() throws(Refusal) -> [Tool] {
        guard try trusted.checkDirectory("tools") else { return [] }
        var tools: [Tool] = []
        for entry in Files.names(in: paths.config.appending("tools")) where entry.hasSuffix(ToolFile.suffix) {
            guard let file = try trusted.read("tools", entry) else { continue }
            tools.append(try ToolFile(file).tool(named: String(entry.dropLast(ToolFile.suffix.count))))
        }
        guard tools.count <= Tool.most else {
            throw Refusal("there are more than \(Tool.most) tools in \(paths.config.appending("tools").shown)")
        }
        return tools
    }

    /// Says that there is no such VM, and which may have been meant.
    func unknown(_ vm: MachineName, besides others: [MachineName] = []) -> Refusal {
        let known = Set(names() + others).map(\.text)
        let nearest = Suggestion.nearest(to: vm.text, among: known).map { "did you mean \($0)? " } ?? ""
        return Refusal(
            "there is no VM called “\(vm.text)”",
            hint: "\(nearest)`dvm ls` shows the ones there are, `dvm init \(vm.text)` makes a new one"
        )
    }
}
