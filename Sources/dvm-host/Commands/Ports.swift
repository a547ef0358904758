internal import ArgumentParser
internal import DVMProtocol

struct Ports: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ports",
        abstract: "List the declared ports of a VM, and who listens in it",
        discussion: """
            Starts the VM where needed. Only ports that DVM_PORTS declares are reached from this computer, and only \
            programs that listen at 127.0.0.1, 0.0.0.0 or :: in the VM. What an AI tool's session listens on is in a \
            network of the session's own; a declared port leads there while the session has a server on it.

            Examples:
              dvm ports app
              dvm ports app --json | jq '.listening[].port'
            """
    )

    @OptionGroup var target: VMArgument

    @Flag(help: "Print JSON")
    var json = false

    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let ports = try await talk.session().ports(of: try target.name(), for: "ports")
        if json { return try Output.print(try JSON.text(ports)) }
        let isTerminal = TerminalDevice.isTerminal(.standardOutput)
        let width = isTerminal ? TerminalDevice.size(of: .standardOutput).map { Int($0.columns) } : nil
        try Output.print(ports.table.draw(width: width))
    }
}

struct Open: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Open a declared port of a VM in the browser",
        discussion: """
            Starts the VM where needed. The port may be written as it is in the VM or on this computer, and left out \
            when only one is declared.

            Examples:
              dvm open app
              dvm open app 5173
            """
    )

    @OptionGroup var target: VMArgument

    @Argument(help: "The port, in the VM or on this computer")
    var port: UInt16?

    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        // Mistakes first: a VM takes long to start.
        let forward = try PortForward.meant(
            by: port,
            among: try await session.configuration.load(vm).settings.ports,
            of: vm
        )
        let opener = try DesktopProgram.opener(session.environment)
        if dry.isOn(session) {
            return try session.tell(
                "`dvm open \(vm)` would \(vm.starting), and open \(forward.url) in the browser",
                of: vm
            )
        }
        let ports = try await session.ports(of: vm, for: "open")
        for warning in Self.warnings(forward, ports, of: vm) { session.display.note(warning) }
        session.display.note("opening \(forward.url)")
        try await opener.run(
            [forward.url],
            environment: session.environment.forPrograms(without: session.withheld)
        )
    }

    /// Why the browser may find nothing there.
    static func warnings(_ forward: PortForward, _ ports: PortTable, of vm: MachineName) -> [String] {
        let declared = ports.declared.first { $0.host == forward.host && $0.address == forward.address }
        var warnings: [String] = []
        if declared?.isInEffect == false {
            warnings.append("\(forward) is declared, but \(vm) was started without it; `dvm sync \(vm)` changes that")
        }
        guard declared?.isServed == false else { return warnings }
        let elsewhere = ports.listening.filter { $0.port == forward.guest && $0.session == nil }.map(
            \.address.printable
        )
        warnings.append(
            elsewhere.isEmpty
                ? "nothing listens on port \(forward.guest) in \(vm) yet"
                : "port \(forward.guest) in \(vm) listens at \(elsewhere.joined(separator: ", ")) only, "
                    + "where a declared port does not lead: have the server listen at 127.0.0.1"
        )
        return warnings
    }
}

extension Session {
    /// The ports of a VM, which is started where needed.
    func ports(of vm: MachineName, for verb: String) async throws -> PortTable {
        try checkDryRun(of: verb)
        let (machine, known) = try await machine(vm)
        let instance = try await machine.ensureRunning(known, for: verb)
        let guest = try machine.connect(to: instance, note: display.note)
        let listening = try guest.perform(.ports, as: [ListeningPort].self)
        return PortTable(
            machine.settings.ports,
            inEffect: instance.configuration?.ports ?? [],
            listening: Array(listening.prefix(ListeningPort.most))
        )
    }
}
