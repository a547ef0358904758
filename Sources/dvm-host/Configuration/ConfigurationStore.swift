internal import DVMProtocol

/// The configuration directory of a person: `config.sh` for all VMs, `vms/` with a file or directory for each.
struct ConfigurationStore: Sendable {
    var paths: Paths
    var environment: HostEnvironment
    /// Where the recipes are that came with dvm; nothing when it was installed without them.
    var bundled = (try? OwnExecutable.path()).flatMap(RecipeShelf.bundledDirectory)

    private var trusted: TrustedFiles { TrustedFiles(root: paths.config) }

    /// A VM's settings, and what its files printed while they were read.
    struct Loaded: Hashable, Sendable {
        var settings: Settings
        var printed: [String] = []
    }

    /// The recipes a configuration can use.
    ///
    /// - Throws: a `Refusal` when somebody else could put one among the person's.
    func shelf() throws(Refusal) -> RecipeShelf { try RecipeShelf.read(own: trusted, bundled: bundled) }

    /// The VMs that have a configuration, in order.
    func names() -> [MachineName] {
        let directory = paths.config.appending("vms")
        var names: Set<MachineName> = []
        for entry in Files.names(in: directory) {
            let isFile = entry.hasSuffix(".sh")
            guard let name = try? MachineName(isFile ? entry.dropLast(3) : entry[...]), !entry.hasPrefix("dvm-"),
                isFile || Files.exists(directory.appending(entry).appending("config.sh"))
            else { continue }
            names.insert(name)
        }
        return names.sorted()
    }

    /// Where the configuration of a new VM goes.
    func path(for vm: MachineName) -> FilePath { paths.config.appending("vms").appending("\(vm.text).sh") }

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

    /// Reads what a VM is to be: built in, then `config.sh`, then the VM's file, then the environment.
    ///
    /// - Throws: a `Refusal` naming the file, and the line or variable, that is wrong.
    func load(_ vm: MachineName) async throws -> Loaded {
        let common = try trusted.read("config.sh")
        guard let own = try file(of: vm) else { throw unknown(vm) }
        let files = [common, own].compactMap(\.self)

        let evaluation = try Evaluation(of: vm, in: paths.config, environment: environment)
        let result = try await evaluation.evaluate(files)
        let ownTools = try tools()
        var reader = SettingsReader(for: vm, home: paths.home, tools: Tool.all + ownTools)
        var before: Evaluation.Variables = [:]
        for (file, variables) in zip(files, result.stages) {
            guard variables["DVM_NAME"] == .text(vm.text) else {
                throw Refusal(
                    "\(file.path.shown) changes DVM_NAME, which is the VM's name",
                    hint: "a VM is named by its file: take the line out"
                )
            }
            // What the file changed is the file's; the rest stays whose it was.
            let changed = variables.filter { $0.key != "DVM_NAME" && before[$0.key] != $0.value }
            let unset = before.filter { variables[$0.key] == nil }.mapValues { _ in Evaluation.Value.text("") }
            try reader.take(changed.merging(unset) { new, _ in new }, from: .file(file.path.string))
            before = variables
        }
        if let template = environment["DVM_TEMPLATE"] {
            try reader.take([Variable.template.name: .text(template)], from: .environment)
        }
        var settings = reader.settings
        settings.tools = ownTools
        return Loaded(settings: settings, printed: result.printed)
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
