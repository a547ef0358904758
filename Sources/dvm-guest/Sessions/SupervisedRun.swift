internal import DVMProtocol
internal import Glibc

/// A program of an agent, run to its end under a supervisor as any session is, by a task that wants what it says.
enum SupervisedRun {
    /// The most output kept.
    private static let mostOutput = 1 << 20

    /// Runs a program and keeps what it writes to standard output; its standard error is the task's.
    ///
    /// A program without an agent's confinement is run without a supervisor, as `Entering` does it.
    ///
    /// - Throws: a `Refusal` when it cannot be started, or when it takes too long.
    static func run(_ spawn: Spawn, within limit: Duration = Entering.patience) throws(Refusal) -> (
        exit: Exit, output: [UInt8]
    ) {
        guard case .agent = spawn.confinement else { return try Entering.run(spawn, within: limit) }
        let relay = try Relay(
            Relay.channel,
            starting: SessionOrder(
                spawn: spawn,
                terminal: nil,
                owner: 0,
                outputWindow: Credit.pipeWindow,
                detached: false,
                asker: .host
            )
        )
        let deadline = ContinuousClock.now + limit
        var conversation = ClientChannel(number: Relay.channel)
        var kept: [UInt8] = []
        var ending: ClientChannel.Ending?
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        var isOver = false
        while !isOver {
            var poll = PollSet()
            relay.register(in: &poll, linkIsFull: false)
            try poll.wait(milliseconds: Int32(max(0, ContinuousClock.now.duration(to: deadline) / .milliseconds(1))))
            // The supervisor sees the end of our socket, and ends the session.
            guard ContinuousClock.now < deadline else {
                throw Refusal("“\(spawn.words.joined(separator: " "))” did not end within \(limit) in the VM")
            }
            var frames: [Frame] = []
            isOver = try relay.advance(poll, buffer: &buffer, linkIsFull: false) { frames.append($0) }
            do throws(ProtocolViolation) {
                for frame in frames {
                    switch try conversation.receive(frame) {
                    case .opened:
                        try conversation.endInput().map { frame throws(ProtocolViolation) in try relay.receive(frame) }
                    case .received(let stream, let bytes):
                        if stream == .output {
                            kept += bytes.prefix(mostOutput - kept.count)
                        } else {
                            _ = try? FileDescriptor.standardError.writeAll(bytes)
                        }
                        if let credit = conversation.handedOn(bytes.count, of: stream) { try relay.receive(credit) }
                    case .ended(let how): ending = how
                    case .nothing, .progress, .noted: break
                    }
                }
            } catch {
                throw Refusal("the process that watches over a session broke dvm's protocol: \(error.what)")
            }
        }
        switch ending {
        case .exit(let exit): return (exit, kept)
        case .refused(let refusal): throw refusal
        case .result, nil: throw Refusal("the session ended without saying how")
        }
    }
}
