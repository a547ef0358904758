internal import DVMProtocol

extension Session {
    /// Runs a program in a VM that is started where needed, with this process's terminal or streams.
    ///
    /// Where the VM `isAskedAfterwards` what works in it, that is remembered for `dvm ls`: after a person's own session,
    /// where nobody counts milliseconds. A sign-in may have a `door` for the browser, of which the person is told.
    ///
    /// - Throws: `ProgramEnded` unless the program exited with 0.
    func run(
        _ command: Program.Command,
        in vm: MachineName,
        for verb: String,
        environment variables: [String: String] = [:],
        wantsTerminal: Bool = true,
        detached: Bool = false,
        isRaw: Bool = false,
        isAskedAfterwards: Bool = false,
        needsConfiguration: Bool = true,
        door: SignInDoor? = nil
    ) async throws {
        let guest = try await connection(to: vm, for: verb, needsConfiguration: needsConfiguration)
        for line in door?.announcement ?? [] { display.note(line) }
        // One that goes on has a terminal of its own, whatever we have, so that it can be taken up on one.
        let terminal = detached ? self.terminal() ?? .usual : wantsTerminal ? self.terminal() : nil
        let program = Program(
            command,
            environment: variables,
            terminal: terminal,
            outputWindow: terminal == nil ? Credit.pipeWindow : Credit.terminalWindow,
            detached: detached ? true : nil
        )
        let outcome = try guest.run(program, isRaw: isRaw, door: door)
        if isAskedAfterwards, terminal != nil { remember(vm, guest) }
        switch outcome {
        case .ended(.exited(0)): return
        case .ended(let exit): throw ProgramEnded(exit: exit)
        case .left(let id):
            try Output.print(id.text)
            display.note("it goes on; `dvm sessions attach \(id) \(vm.text)` takes it up")
        }
    }

    /// Asks a VM what `dvm ls` shows of it; one that takes long is not waited for.
    private func remember(_ vm: MachineName, _ guest: GuestConnection) {
        let state = state(of: vm)
        guard let found = try? guest.perform(.activity(services: []), as: Activity.self, within: Self.afterthought)
        else { return }
        state.keep(LastContact(sessions: found.sessions))
        guard let report = try? guest.perform(.work, as: WorkReport.self, within: Self.afterthought) else { return }
        state.keep(WorkSeen(report))
    }

    /// How long a person waits at most for what they did not ask for.
    private static let afterthought = Duration.seconds(1)

    /// Takes up a session that was left running.
    ///
    /// - Throws: `ProgramEnded` when its program ended meanwhile, unless it exited with 0.
    func attach(_ id: SessionID, of vm: MachineName, over guest: GuestConnection, isRaw: Bool) throws {
        let size = terminal()?.size
        let attachment = Attachment(
            session: id,
            size: size,
            outputWindow: size == nil ? Credit.pipeWindow : Credit.terminalWindow
        )
        switch try guest.attach(attachment, isRaw: isRaw) {
        case .ended(.exited(0)): return
        case .ended(let exit): throw ProgramEnded(exit: exit)
        case .left:
            // What was changed while it was looked at is changed back already; this is for what was changed before.
            _ = try? FileDescriptor.standardOutput.writeAll(DetachKey.afterwards)
            display.note("left \(id), which goes on; `dvm sessions kill \(id) \(vm.text)` ends it")
        }
    }

    /// Reaches the guest of a VM, which is started where needed.
    ///
    /// Most often it runs, and its guest answers: then Lima is not asked for anything else, which would take as long
    /// again. Its version and its configuration are looked at before every start. What only reads `needsConfiguration` of
    /// no VM that runs: it is for finding out what is wrong.
    func connection(
        to vm: MachineName,
        for verb: String,
        needsConfiguration: Bool = true
    ) async throws -> GuestConnection {
        try checkDryRun(of: verb)
        try vm.checkRoom(in: paths.lima)
        guard try state(of: vm).copied() == nil else {
            let (machine, known) = try await machine(vm)
            return try machine.connect(to: try await machine.ensureRunning(known, for: verb), note: display.note)
        }
        async let loaded = needsConfiguration ? configuration.load(vm) : nil
        let route = try GuestConnection.Route(
            Limactl(environment, withholding: withheld),
            to: vm,
            self,
            note: display.note
        )
        let contact = Result { try GuestConnection.contact(vm, route) }
        // Nothing is asked of the guest before the configuration is known to be sound.
        for line in try await loaded?.printed.prefix(20) ?? [] { display.note("configuration: \(line)") }
        if case .success(let guest) = contact {
            // It may have been started by other means than dvm.
            refreshSshEntry(of: vm)
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

extension Program.Terminal {
    /// The terminal of a program that nobody looks at yet.
    fileprivate static let usual = Self(name: "xterm-256color", size: TerminalSize(columns: 120, rows: 40))
}
