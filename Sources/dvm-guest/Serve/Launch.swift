internal import DVMProtocol

/// A request turned into a running process and its channel.
enum Launch {
    /// Starts what a request asks for; a program of the developer's takes the `enter` that is ready.
    ///
    /// - Throws: a `Refusal` that is the answer to the request.
    static func channel(
        _ number: UInt32,
        _ request: Request,
        asker: SessionSummary.Asker,
        ready: inout ReadyEnter?
    ) throws(Refusal) -> any LinkChannel {
        switch request {
        case .program(let program):
            try self.program(number, program, asker, &ready)
        case .task(let task):
            try self.task(number, task)
        case .attach(let attachment):
            try Relay(number, to: attachment)
        }
    }

    private static func program(
        _ number: UInt32,
        _ program: Program,
        _ asker: SessionSummary.Asker,
        _ ready: inout ReadyEnter?
    ) throws(Refusal) -> any LinkChannel {
        var program = program
        if let terminal = program.terminal { program.terminal?.name = TerminalKind.known(terminal.name) }
        let plan = try ProgramPlan(program, settings: Settings.read(), accounts: Accounts.read())
        switch plan.spawn.confinement {
        case .root, .developer:
            return try Channel.running(
                plan.spawn,
                number: number,
                terminal: program.terminal?.size,
                owner: plan.owner,
                loss: plan.loss,
                window: program.outputWindow,
                ready: ready.take()
            )
        case .agent:
            return try Relay(
                number,
                starting: SessionOrder(
                    spawn: plan.spawn,
                    terminal: program.terminal?.size,
                    owner: plan.owner,
                    outputWindow: program.outputWindow,
                    detached: program.detached ?? false,
                    asker: asker,
                    callback: plan.callback
                )
            )
        }
    }

    private static func task(_ number: UInt32, _ task: GuestTask) throws(Refusal) -> Channel {
        var role = "task"
        var loss: Channel.Loss = task.endsOthers ? .request : .kill
        let order: Frame
        if case .copy(let request) = task {
            role = CopyOrder.commandName
            // It ends by itself when its streams do, and then leaves only what is worth going on with.
            loss = .hangup
            order = try Frame(
                .open,
                channel: 0,
                json: CopyOrder(request, settings: Settings.read(), accounts: Accounts.read())
            )
        } else {
            order = try Frame(.open, channel: 0, json: task)
        }
        let report = try Streams.bothWays()
        let input = try Streams.toChild()
        let output = try Streams.fromChild()
        let errors = try Streams.fromChild()
        if role == CopyOrder.commandName { for pipe in [input.ours.raw, output.ours.raw] { Streams.widen(pipe) } }
        return Channel(
            Conversation(number: number, purpose: .task, outputs: [.output, .errors], window: Credit.pipeWindow),
            loss: loss,
            child: try Child(
                role: role,
                input: input.theirs.raw,
                output: output.theirs.raw,
                errors: errors.theirs.raw,
                report: report.theirs.raw
            ),
            order: order,
            report: report.ours,
            input: input.ours,
            output: output.ours,
            errors: errors.ours,
            hasTerminal: false
        )
    }
}

extension GuestTask {
    /// Whether it watches over programs in control groups of their own, which its own death would leave.
    fileprivate var endsOthers: Bool {
        switch self {
        case .unit, .clone: true
        default: false
        }
    }
}
