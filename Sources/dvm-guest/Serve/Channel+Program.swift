internal import DVMProtocol
internal import Glibc

extension Channel {
    /// A channel for a program, which is started with streams or a terminal.
    ///
    /// `ready` is what it becomes, where there is one. `confine` is given the process before that has its order, and so
    /// before it does anything.
    ///
    /// - Throws: a `Refusal` when the kernel has no process, stream or terminal for it, or `confine`'s.
    static func running(
        _ spawn: Spawn,
        number: UInt32,
        terminal size: TerminalSize?,
        owner: UInt32,
        loss: Loss,
        window: Int,
        session: SessionID? = nil,
        ready: consuming ReadyEnter? = nil,
        confine: (pid_t) throws(Refusal) -> Void = { _ in }
    ) throws(Refusal) -> Channel {
        let order = try Frame(.open, channel: 0, json: spawn)
        func conversation(_ outputs: Set<Stream>) -> Conversation {
            Conversation(number: number, purpose: .program, outputs: outputs, window: window, session: session)
        }
        if let size {
            let pair = try Streams.terminal(size, owner: owner)
            let slave = pair.theirs.raw
            let input = try Streams.duplicate(pair.ours.raw)
            let started = try ReadyEnter.started(ready, input: slave, output: slave, errors: slave)
            try confine(started.child.pid)
            return Channel(
                conversation([.output]),
                loss: loss,
                child: started.child,
                order: order,
                report: started.report,
                input: input,
                output: pair.ours,
                errors: nil,
                hasTerminal: true
            )
        }
        let input = try Streams.toChild()
        let output = try Streams.fromChild()
        let errors = try Streams.fromChild()
        let started = try ReadyEnter.started(
            ready,
            input: input.theirs.raw,
            output: output.theirs.raw,
            errors: errors.theirs.raw
        )
        try confine(started.child.pid)
        return Channel(
            conversation([.output, .errors]),
            loss: loss,
            child: started.child,
            order: order,
            report: started.report,
            input: input.ours,
            output: output.ours,
            errors: errors.ours,
            hasTerminal: false
        )
    }
}
