internal import ArgumentParser
internal import DVMProtocol

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write the configuration of a new VM",
        discussion: """
            Nothing is started. The file is yours to change; `dvm sync` makes the VM from it. On a terminal it is opened \
            in the editor that VISUAL or EDITOR names. The first time, config.sh is written too: what it says holds for \
            every VM.

            The kinds of VM are \(ConfigurationTemplate.kinds(beside: ConfigurationStore.bundledRecipes).joined(separator: ", ")).

            Examples:
              dvm init app            write ~/.config/dvm/vms/app.sh
              dvm sync app            make the VM “app” from its file
            """,
        aliases: ["new"]
    )

    @OptionGroup var target: VMArgument

    @Argument(help: "The kind of VM")
    var kind = ConfigurationTemplate.usual

    @Flag(help: "Do not open an editor")
    var noEdit = false

    @OptionGroup var dry: DryRunOption

    func run() async throws {
        let vm = try target.name()
        let session = try Session(.current)
        if dry.isOn(session) {
            for file in try Self.files(for: vm, kind: kind, session) {
                try Output.print("`dvm init \(vm)` would write \(file.path.shown):\n\n\(file.text)")
            }
            return
        }
        let written = try Self.write(vm, kind: kind, session)
        for path in written { try Output.print("wrote \(path.shown)") }
        guard let path = written.last else { return }

        let isOnTerminal = TerminalDevice.isTerminal(.standardInput) && TerminalDevice.isTerminal(.standardOutput)
        if !noEdit, isOnTerminal, let editor = Editor(session.environment) {
            try await editor.open(path, with: session.environment.forPrograms(without: session.withheld))
            // Whoever mistyped learns it now and not from the next command.
            let loaded = try await Session(.current).configuration.load(vm)
            for warning in loaded.warnings { session.display.note("warning: \(warning)") }
            if let lack = try UnitDraft.lacks(loaded).first { throw lack }
            try Output.print("next: `dvm sync \(vm)`")
        } else {
            try Output.print("next: change it to your liking, then `dvm sync \(vm)`")
        }
    }

    /// Writes the files; returns their paths, the VM's last.
    static func write(_ vm: MachineName, kind: String = ConfigurationTemplate.usual, _ session: Session)
        throws -> [FilePath]
    {
        let files = try files(for: vm, kind: kind, session)
        let directory = session.paths.config
        if !Files.exists(directory) { try Files.makeDirectory(directory, mode: 0o700) }
        let machines = directory.appending("vms")
        if !Files.exists(machines) { try Files.makeDirectory(machines, mode: 0o700) }
        for file in files { try Files.write(file.text, to: file.path, replacing: false) }
        return files.map(\.path)
    }

    /// What there is to write, the VM's own file last.
    ///
    /// - Throws: a `Refusal` when the VM has a configuration, a `UsageRefusal` when there is no such kind.
    private static func files(for vm: MachineName, kind: String, _ session: Session) throws
        -> [(path: FilePath, text: String)]
    {
        try vm.checkRoom(in: session.paths.lima)
        let store = session.configuration
        if let file = try store.file(of: vm) {
            throw Refusal(
                "\(vm) has a configuration already: \(file.path.shown)",
                hint: "change that file, or run `dvm sync \(vm)`"
            )
        }
        let text = try UsageRefusal.from { () throws(Refusal) in
            try ConfigurationTemplate(kind, beside: store.bundled)
        }
        let common = try ConfigurationTemplate.forAll(beside: store.bundled)
        return [(common, store.commonPath), (text, store.path(for: vm))].compactMap { template, path in
            if path == store.commonPath, Files.exists(path) { return nil }
            return (path, template.filled(for: vm, on: store.host))
        }
    }
}
