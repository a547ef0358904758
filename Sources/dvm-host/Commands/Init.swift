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

    func run() async throws {
        let vm = try target.name()
        let session = try Session(.current)
        let written = try Self.write(vm, kind: kind, session)
        for path in written { try Output.print("wrote \(path.shown)") }
        guard let path = written.last else { return }

        let isOnTerminal = TerminalDevice.isTerminal(.standardInput) && TerminalDevice.isTerminal(.standardOutput)
        if !noEdit, isOnTerminal, let editor = Editor(session.environment) {
            try await editor.open(path, with: session.environment.forPrograms(without: session.withheld))
            // Whoever mistyped learns it now and not from the next command.
            _ = try await Session(.current).configuration.load(vm)
            try Output.print("next: `dvm sync \(vm)`")
        } else {
            try Output.print("next: change it to your liking, then `dvm sync \(vm)`")
        }
    }

    /// Writes the files; returns their paths, the VM's last.
    static func write(_ vm: MachineName, kind: String = ConfigurationTemplate.usual, _ session: Session)
        throws -> [FilePath]
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

        let path = store.path(for: vm)
        if !Files.exists(session.paths.config) { try Files.makeDirectory(session.paths.config, mode: 0o700) }
        if !Files.exists(path.removingLastComponent()) {
            try Files.makeDirectory(path.removingLastComponent(), mode: 0o700)
        }
        var written: [FilePath] = []
        for (template, path) in [(common, store.commonPath), (text, path)] {
            if path == store.commonPath, Files.exists(path) { continue }
            try Files.write(template.filled(for: vm, on: store.host), to: path, replacing: false)
            written.append(path)
        }
        return written
    }
}
