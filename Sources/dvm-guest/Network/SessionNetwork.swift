internal import DVMProtocol
internal import Glibc

/// The network of a session: a namespace of its own, and the gate through which it reaches what it may.
final class SessionNetwork: SessionPart {
    private let gate: Child?
    private let report: SharedDescriptor?
    /// Where the gate writes down what it decides, a line each.
    private let log: FilePath?
    /// What was refused; once it has ended.
    private(set) var facts = SessionFacts()

    private init(gate: consuming Child?, report: SharedDescriptor?, log: FilePath?) {
        self.gate = gate
        self.report = report
        self.log = log
    }

    /// Seconds until a gate is given up that does not answer.
    private static let patience: Int32 = 20
    /// The same for one that has only to say what it refused.
    private static let lastPatience: Int32 = 5

    /// Takes this process, and what it starts from now on, into a network namespace for a session, and opens its gate.
    ///
    /// The gate lives until `end`, or until this process ends; one that becomes another program stays what it was.
    ///
    /// - Throws: a `Refusal` when the session cannot have what the VM's configuration says; nothing may be started then.
    static func make(at site: SessionSite) throws(Refusal) -> SessionNetwork { try make(for: site.agent) }

    /// As above, for a sandbox that has no other surroundings.
    static func make(for agent: Spawn.Agent) throws(Refusal) -> SessionNetwork {
        let order = GateOrder(
            network: agent.policy.network,
            domains: agent.domains,
            developerHome: agent.developerHome
        )
        // A line per decision, beside the session's record.
        let name = "\(agent.session).network"
        let log = try? SessionLog(readers: agent.developerGid).new(name)
        return try make(order, log: log, called: SessionLog.directory.appending(name))
    }

    private static func make(_ order: GateOrder, log: consuming OwnedDescriptor?, called path: FilePath) throws(Refusal)
        -> SessionNetwork
    {
        guard order.needsGate else {
            try NetworkNamespace.leave()
            try NetworkNamespace.raiseLoopback()
            return SessionNetwork(gate: nil, report: nil, log: nil)
        }
        do throws(Refusal) {
            let streams = try Streams.bothWays()
            let null = try Streams.null()
            let output = log?.raw ?? null.raw
            let isLogged = output != null.raw
            // Before we leave the VM's network, of which the gate keeps hold.
            let gate = try Child(
                role: "gate",
                input: null.raw,
                output: output,
                errors: null.raw,
                report: streams.theirs.raw
            )
            let network = SessionNetwork(
                gate: gate,
                report: SharedDescriptor(try Streams.duplicate(streams.ours.raw)),
                log: isLogged ? path : nil
            )
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
    /// - Returns: what was refused, and how to allow it; or that this is not known, since a record without refused
    ///   connections would read as if there were none.
    func end() -> [SessionNote] {
        guard let report, gate != nil else { return [] }
        Sockets.endWriting(report.raw)
        let reason: String?
        do throws(Refusal) {
            let said = try answer(within: Self.lastPatience)
            if let report = try? said?.json(GateReport.self) {
                facts = report.facts
                endGate(within: 0)
                return report.notes
            }
            reason = nil
        } catch {
            reason = "gave up: \(error.message)"
        }
        facts.refusedConnectionsAreUnknown = true
        // One that has ended closed its report a moment before.
        let fate = endGate(within: 100)
        return [unknown(reason ?? fate)]
    }

    /// Ends the gate, and says what became of it.
    @discardableResult
    private func endGate(within milliseconds: Int32) -> String {
        let isOver = gate?.ends(within: milliseconds) == true
        gate?.signal(SIGKILL)
        let exit = gate?.wait()
        return isOver ? "ended before it with status \(exit?.status ?? 0)" : "did not answer"
    }

    private func unknown(_ reason: String) -> SessionNote {
        let rest = log.map { "; what it decided until then is in \($0)" } ?? ""
        let text = "which connections the session was refused is not known: the gate through which it reaches the"
        return SessionNote(.warning, "\(text) network \(reason)\(rest)")
    }
}
