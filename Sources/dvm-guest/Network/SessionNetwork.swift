internal import DVMProtocol
internal import Glibc

/// The network of a session: a namespace of its own, and the gate through which it reaches what it may.
final class SessionNetwork: SessionPart {
    private let gate: Child?
    private let report: SharedDescriptor?
    /// What was refused; once it has ended.
    private(set) var facts = SessionFacts()

    private init(gate: consuming Child?, report: SharedDescriptor?) {
        self.gate = gate
        self.report = report
    }

    /// Seconds until a gate is given up that does not answer.
    private static let patience: Int32 = 20

    /// Takes this process, and what it starts from now on, into a network namespace for a session, and opens its gate.
    ///
    /// The gate lives until `end`, or until this process ends; one that becomes another program stays what it was.
    ///
    /// - Throws: a `Refusal` when the session cannot have what the VM's configuration says; nothing may be started then.
    static func make(at site: SessionSite) throws(Refusal) -> SessionNetwork { try make(for: site.agent) }

    /// As above, for a sandbox that has no other surroundings.
    static func make(for agent: Spawn.Agent) throws(Refusal) -> SessionNetwork {
        try make(
            GateOrder(
                network: agent.policy.network,
                domains: agent.domains,
                developerHome: agent.developerHome
            ),
            // A line per decision, beside the session's record.
            log: try? SessionLog(readers: agent.developerGid).new("\(agent.session).network")
        )
    }

    /// As above, with the order for the gate.
    static func make(_ order: GateOrder, log: consuming OwnedDescriptor?) throws(Refusal) -> SessionNetwork {
        guard order.needsGate else {
            try NetworkNamespace.leave()
            try NetworkNamespace.raiseLoopback()
            return SessionNetwork(gate: nil, report: nil)
        }
        do throws(Refusal) {
            let streams = try Streams.bothWays()
            let null = try Streams.null()
            let output = log?.raw ?? null.raw
            // Before we leave the VM's network, of which the gate keeps hold.
            let gate = try Child(
                role: "gate",
                input: null.raw,
                output: output,
                errors: null.raw,
                report: streams.theirs.raw
            )
            let network = SessionNetwork(gate: gate, report: SharedDescriptor(try Streams.duplicate(streams.ours.raw)))
            do throws(Refusal) {
                try NetworkNamespace.leave()
                // Its order tells the gate that we have.
                try network.start(order)
            } catch {
                _ = network.end()
                throw error
            }
            return network
        } catch {
            throw Refusal(
                "the session's way to the network cannot be opened: \(error.message)",
                hint: error.hint ?? "“DVM_AI_NET=none” in the VM's configuration, and `dvm sync`, do without one"
            )
        }
    }

    private func start(_ order: GateOrder) throws(Refusal) {
        guard let descriptor = report?.raw else { return }
        do {
            try descriptor.writeAll(Frame(.open, channel: 0, json: order).bytes)
        } catch {
            throw Refusal("ordering the gate: \(error)")
        }
        guard let frame = try answer(within: Self.patience), frame.kind != .refused else {
            throw Refusal("the gate did not start")
        }
    }

    /// The next frame the gate sends; nothing when it ends without one, or says nothing in time.
    ///
    /// - Throws: the gate's own `Refusal`.
    private func answer(within seconds: Int32) throws(Refusal) -> Frame? {
        guard let descriptor = report?.raw else { return nil }
        var decoder = FrameDecoder(from: .guest)
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            var poll = PollSet()
            poll.add(descriptor, .read)
            try poll.wait(milliseconds: seconds * 1000)
            guard poll.ready(descriptor, .read), case .bytes(let bytes) = Reading.from(descriptor, into: &buffer) else {
                return nil
            }
            decoder.feed(bytes)
            guard let frame = try? decoder.next() else { continue }
            if frame.kind == .refused, let refusal = try? frame.json(Refusal.self) { throw refusal }
            return frame
        }
    }

    /// Ends the gate, when no process of the session is left.
    ///
    /// The namespace needs no ending: it goes with the last process in it.
    ///
    /// - Returns: what was refused, and how to allow it.
    func end() -> [SessionNote] {
        guard let report, gate != nil else { return [] }
        Sockets.endWriting(report.raw)
        let frame = try? answer(within: 5)
        gate?.signal(SIGKILL)
        _ = gate?.wait()
        guard let said = try? frame?.json(GateReport.self) else { return [] }
        facts = said.facts
        return said.notes
    }
}
