internal import DVMProtocol

extension ConfigurationStore {
    /// What the configuration of a VM comes to.
    struct Loaded: Hashable, Sendable {
        var settings: Settings
        /// The recipes it gets, in the order they run.
        var selection: [Recipe] = []
        /// The recipes there are, as they were when it was read.
        var shelf = RecipeShelf()
        /// Where its files asked for recipes.
        var uses: [Evaluation.Use] = []
        /// What its files printed while they were read.
        var printed: [String] = []
        /// What the person should know about it, though it is sound.
        var warnings: [String] = []

        /// What there is to tell before anything is done.
        var notes: [String] {
            printed.prefix(20).map { "configuration: \($0)" } + warnings.map { "warning: \($0)" }
        }
    }

    /// Reads what a VM is to be: built in, then `config.sh`, then the VM's file, then the environment.
    ///
    /// - Throws: a `Refusal` naming the file, and the line or variable, that is wrong.
    func load(_ vm: MachineName) async throws -> Loaded {
        let common = try trusted.read("config.sh")
        guard let own = try file(of: vm) else { throw unknown(vm) }
        let files = [common, own].compactMap(\.self)
        let shelf = try shelf()

        let evaluation = try Evaluation(of: vm, in: paths.config, environment: environment)
        let result = try await evaluation.evaluate(files, with: shelf)
        let ownTools = try tools()
        var reader = SettingsReader(
            for: vm,
            home: paths.home,
            environment: environment,
            host: host,
            tools: Tool.all + ownTools,
            shelf: shelf
        )
        try Self.take(result, of: files, common: common, vm, into: &reader)
        let reading = try reader.read()
        var settings = reading.settings
        settings.tools = ownTools
        settings.setupScripts = try setupScripts(of: vm)
        settings.system.certificates = try certificates(settings.certificateFiles)
        return Loaded(
            settings: settings,
            selection: reading.selection,
            shelf: shelf,
            uses: result.uses,
            printed: result.printed,
            warnings: try warnings(settings, shelf)
        )
    }

    /// Gives a reader what each file has changed; the rest stays whose it was.
    private static func take(
        _ result: Evaluation.Result,
        of files: [TrustedFiles.File],
        common: TrustedFiles.File?,
        _ vm: MachineName,
        into reader: inout SettingsReader
    ) throws(Refusal) {
        var before: Evaluation.Variables = [:]
        for (file, variables) in zip(files, result.stages) {
            guard variables["DVM_NAME"] == .text(vm.text) else {
                throw Refusal(
                    "\(file.path.shown) changes DVM_NAME, which is the VM's name",
                    hint: "a VM is named by its file: take the line out"
                )
            }
            let changed = variables.filter { $0.key != "DVM_NAME" && before[$0.key] != $0.value }
            let unset = before.filter { variables[$0.key] == nil }.mapValues { _ in Evaluation.Value.text("") }
            reader.take(
                changed.merging(unset) { new, _ in new },
                from: SettingsReader.Place(
                    origin: .file(file.path.string),
                    lines: AssignmentLines(file.bytes, uses: result.uses.filter { $0.path == file.path }),
                    isShared: file == common
                )
            )
            before = variables
        }
    }

    /// The scripts of the person's that run in a VM, as root.
    ///
    /// - Throws: a `Refusal` when somebody else could have changed one, or it cannot be run.
    func setupScripts(of vm: MachineName) throws(Refusal) -> [TrustedFiles.File] {
        guard let script = try trusted.read("vms", vm.text, "setup.sh") else { return [] }
        try Evaluation.checkLineEnds(of: script)
        return [script]
    }

    /// The certificates in some files, which nobody else may have been able to add to.
    private func certificates(_ paths: [FilePath]) throws(Refusal) -> [String] {
        var certificates: [String] = []
        for path in paths {
            let name = "\(Variable.certificates.name) names \(path.shown)"
            var files = TrustedFiles(root: path.removingLastComponent())
            files.allowsRoot = true
            files.kind = "a file of certificates in PEM"
            guard let last = path.lastComponent?.string, let file = try files.read(last) else {
                throw Refusal("\(name), which does not exist", hint: "correct the path, or take it out")
            }
            do throws(Refusal) {
                certificates += try Certificates.all(in: String(decoding: file.bytes, as: UTF8.self))
            } catch {
                throw Refusal("\(name): \(error.message)", hint: error.hint)
            }
        }
        return certificates.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
