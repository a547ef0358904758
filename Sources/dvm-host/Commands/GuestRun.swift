internal import DVMProtocol

extension Session {
    /// Runs a program in a VM that is started where needed, with this process's terminal or streams.
    ///
    /// - Throws: `ProgramEnded` unless the program exited with 0.
    func run(
        _ command: Program.Command,
        in vm: MachineName,
        for verb: String,
        environment variables: [String: String] = [:],
        wantsTerminal: Bool = true
    ) async throws {
        let guest = try await connection(to: vm, for: verb)
        let terminal = wantsTerminal ? terminal() : nil
        let program = Program(
            command,
            environment: variables,
            terminal: terminal,
            outputWindow: terminal == nil ? Credit.pipeWindow : Credit.terminalWindow
        )
        let exit = try guest.run(program)
        if exit != .exited(0) { throw ProgramEnded(exit: exit) }
    }

    /// Reaches the guest of a VM, which is started where needed.
    ///
    /// Most often it runs, and its guest answers: then Lima is not asked for anything else, which would take as long
    /// again. Its version and its configuration are looked at before every start.
    private func connection(to vm: MachineName, for verb: String) async throws -> GuestConnection {
        try vm.checkRoom(in: paths.lima)
        async let loaded = configuration.load(vm)
        let route = try GuestConnection.Route(
            Limactl(environment, withholding: withheld),
            to: vm,
            display,
            note: display.note
        )
        let contact = Result { try GuestConnection.contact(vm, route) }
        // Nothing is asked of the guest before the configuration is known to be sound.
        for line in try await loaded.printed.prefix(20) { display.note("configuration: \(line)") }
        if case .success(let guest) = contact {
            let architecture = guest.welcome.facts.architecture
            return try GuestConnection.open(vm, route, contacted: contact, architecture: architecture)
        }
        let (machine, known) = try await machine(vm)
        if let instance = known, instance.status == .running {
            return try machine.connect(to: instance, contacted: contact, note: display.note)
        }
        let instance = try await machine.ensureRunning(known, for: verb)
        return try machine.connect(to: instance, note: display.note)
    }

    /// The terminal dvm was started on; nothing unless both input and output are one.
    private func terminal() -> Program.Terminal? {
        guard TerminalDevice.isTerminal(.standardInput), TerminalDevice.isTerminal(.standardOutput) else { return nil }
        return Program.Terminal(
            name: environment["TERM"] ?? "xterm-256color",
            size: TerminalDevice.size(of: .standardOutput) ?? TerminalSize(columns: 80, rows: 24)
        )
    }
}
