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
        let (machine, known) = try await machine(vm)
        let instance = try await machine.ensureRunning(known, for: verb)
        let terminal = wantsTerminal ? terminal() : nil
        let program = Program(
            command,
            environment: variables,
            terminal: terminal,
            outputWindow: terminal == nil ? Credit.pipeWindow : Credit.terminalWindow
        )
        let exit = try await machine.withGuest(of: instance, note: display.note) { try await $0.run(program) }
        if exit != .exited(0) { throw ProgramEnded(exit: exit) }
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
