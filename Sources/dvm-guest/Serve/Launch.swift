internal import DVMProtocol

/// A request turned into a running process and its channel.
enum Launch {
    /// Starts what a request asks for.
    ///
    /// - Throws: a `Refusal` that is the answer to the request.
    static func channel(_ number: UInt32, _ request: Request) throws(Refusal) -> Channel {
        switch request {
        case .program(let program):
            try self.program(number, program)
        case .task(let task):
            try self.task(number, task)
        }
    }

    private static func program(_ number: UInt32, _ program: Program) throws(Refusal) -> Channel {
        var program = program
        if let terminal = program.terminal { program.terminal?.name = TerminalKind.known(terminal.name) }
        let plan = try ProgramPlan(program, settings: Settings.read(), accounts: Accounts.read())
        let order = try Frame(.open, channel: 0, json: plan.spawn)
        let report = try Streams.bothWays()
        func conversation(_ outputs: Set<Stream>) -> Conversation {
            Conversation(number: number, purpose: .program, outputs: outputs, window: program.outputWindow)
        }
        if let terminal = program.terminal {
            let pair = try Streams.terminal(terminal.size, owner: plan.owner)
            let slave = pair.theirs.raw
            return Channel(
                conversation([.output]),
                loss: plan.loss,
                child: try Child(role: "enter", input: slave, output: slave, errors: slave, report: report.theirs.raw),
                order: order,
                report: report.ours,
                input: try Streams.duplicate(pair.ours.raw),
                output: pair.ours,
                errors: nil,
                hasTerminal: true
            )
        }
        let input = try Streams.toChild()
        let output = try Streams.fromChild()
        let errors = try Streams.fromChild()
        return Channel(
            conversation([.output, .errors]),
            loss: plan.loss,
            child: try Child(
                role: "enter",
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

    private static func task(_ number: UInt32, _ task: GuestTask) throws(Refusal) -> Channel {
        let report = try Streams.bothWays()
        let input = try Streams.toChild()
        let output = try Streams.fromChild()
        let errors = try Streams.fromChild()
        return Channel(
            Conversation(number: number, purpose: .task, outputs: [.output, .errors], window: Credit.pipeWindow),
            loss: .kill,
            child: try Child(
                role: "task",
                input: input.theirs.raw,
                output: output.theirs.raw,
                errors: errors.theirs.raw,
                report: report.theirs.raw
            ),
            order: try Frame(.open, channel: 0, json: task),
            report: report.ours,
            input: input.ours,
            output: output.ours,
            errors: errors.ours,
            hasTerminal: false
        )
    }
}
