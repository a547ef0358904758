internal import ArgumentParser
internal import DVMProtocol

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write the configuration of a new VM",
        discussion: """
            Nothing is started. The file is yours to change; `dvm sync` makes the VM from it.

            Examples:
              dvm init app            write ~/.config/dvm/vms/app.sh
              dvm sync app            make the VM “app” from it
            """,
        aliases: ["new"]
    )

    @OptionGroup var target: VMArgument

    func run() async throws {
        let vm = try target.name()
        let session = try Session(.current)
        try Output.print(try Self.write(vm, session))
    }

    /// Writes the file; returns what to tell.
    static func write(_ vm: MachineName, _ session: Session) throws(Refusal) -> String {
        try vm.checkRoom(in: session.paths.lima)
        let store = session.configuration
        if let file = try store.file(of: vm) {
            throw Refusal(
                "\(vm) has a configuration already: \(file.path.shown)",
                hint: "change that file, or run `dvm sync \(vm)`"
            )
        }
        let path = store.path(for: vm)
        if !Files.exists(session.paths.config) { try Files.makeDirectory(session.paths.config, mode: 0o700) }
        if !Files.exists(path.removingLastComponent()) {
            try Files.makeDirectory(path.removingLastComponent(), mode: 0o700)
        }
        try Files.write(NewConfiguration.text(for: vm), to: path, replacing: false)
        return "wrote \(path.shown)\nnext: change it to your liking, then `dvm sync \(vm)`"
    }
}
