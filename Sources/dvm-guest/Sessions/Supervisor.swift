internal import DVMProtocol
internal import Glibc

/// One session of an agent: the loop that has its program on one side and whoever is attached on the other.
///
/// It lives outside the control group of whoever asked for the session, and outside the session's own: neither the end
/// of a login nor a session that eats its memory takes it along. The session dies with it (`PR_SET_PDEATHSIG`).
final class Supervisor {
    private let order: SessionOrder
    private let socket: OwnedDescriptor
    private var listener: Listener
    private let place: SessionPlace
    private let channel: Channel
    private let log: SessionLog
    /// From before its start.
    private let kernelLog = KernelLog()
    /// Whether it was ended after the time it was given.
    private var isOutOfTime = false
    private var recording: Recording?
    private var summary: SessionSummary

    /// Whoever is attached.
    private var client: SessionClient?
    /// Those who have not said yet what they want, or wait for the end.
    private var callers: [SessionClient] = []
    private var scrollback = Scrollback()
    /// What whoever came last has not seen yet of it.
    private var missed: ArraySlice<UInt8> = []
    /// The size of the terminal, when it is to be set a moment later.
    private var redraw: (size: TerminalSize, time: ContinuousClock.Instant)?
    private var deadline: ContinuousClock.Instant?
    /// How it ended, to be said last.
    private var last: Frame?
    private var buffer = [UInt8](repeating: 0, count: Frame.largestData)

    /// Makes everything around a session, and starts it.
    ///
    /// - Throws: a `Refusal`; then nothing is left of it.
    init(_ order: SessionOrder, _ client: SessionClient) throws(Refusal) {
        var order = order
        var agent = try order.agent()
        try VMGroups.moveSupervisor()
        // Where the kernel does not let us, it is as likely to be ended as anything else.
        try? OutOfMemory.place(OutOfMemory.spared)
        let tell = { (note: SessionNote) in
            // At once: nobody listens here before the session runs.
            if let frame = try? Frame(.note, channel: Relay.channel, json: note) { client.send(frame) }
            client.flush()
        }
        let left = try Orphans.settle(before: agent.project, telling: tell)
        let asked = agent.policy.limits
        agent.policy.limits = VMSize.read().complete(asked)
        order.spawn.confinement = .agent(agent)

        summary = SessionSummary(starting: order, agent)
        summary.notes = left
        log = SessionLog(readers: agent.developerGid)
        let outside = try NetworkNamespace.own().number()
        let place = try SessionPlace(for: agent, asked: asked, telling: tell)
        do throws(Refusal) {
            // The network that this process is in since its surroundings were made.
            let network = try NetworkNamespace.own().number()
            guard network != outside else { throw Refusal("the session still has the VM's network") }
            agent = place.agent
            agent.network = network
            order.spawn.confinement = .agent(agent)
            socket = try UnixSocket.listen(at: SessionDirectory.socket(of: agent.session))
            listener = Listener(socket.raw)
            try place.directory.note(summary)
            if agent.policy.recorded { recording = try Self.recording(of: agent.session, order, in: log) }
            channel = try Channel.running(
                order.spawn,
                number: Relay.channel,
                terminal: order.terminal,
                owner: order.owner,
                loss: .kill,
                window: order.outputWindow,
                session: agent.session,
                // It waits for its order, so that nothing it does happens outside its group.
                confine: { pid throws(Refusal) in try place.group.add(pid) }
            )
        } catch {
            _ = place.takeDown()
            place.remove()
            throw error
        }
        self.order = order
        self.place = place
        self.client = client
        deadline = agent.policy.limits.seconds.map { .now + .seconds($0) }
        if !log.append(summary) {
            remark(.warning, "the start of the session could not be written to \(SessionLog.file)")
        }
    }

    private static func recording(of session: SessionID, _ order: SessionOrder, in log: SessionLog) throws(Refusal)
        -> Recording
    {
        do throws(Refusal) {
            return try Recording(session, order, in: log)
        } catch {
            throw Refusal(
                "the session cannot be recorded: \(error.message)",
                hint: error.hint ?? "make room on the VM's disk, or set DVM_AI_RECORD=0 for this VM and run `dvm sync`"
            )
        }
    }

    /// Takes note of what became of the recording, for whoever looks at the session now, too.
    private func remark(_ note: SessionNote?) {
        guard let note else { return }
        summary.notes.append(note)
        try? place.directory.note(summary)
    }

    private func remark(_ weight: SessionNote.Weight, _ text: String) {
        summary.notes.append(SessionNote(weight, text))
    }

    /// Follows the session to its end, and tells whoever is attached.
    func run() {
        do throws(Refusal) {
            try follow()
        } catch {
            // Whatever went wrong here: what the session leaves is looked at all the same.
            remark(.warning, error.message)
            last = try? Frame(.refused, channel: Relay.channel, json: error)
        }
        end()
    }

    private func follow() throws(Refusal) {
        while last == nil {
            catchUp()
            let isFull = client?.isFull == true || !missed.isEmpty
            var poll = PollSet()
            listener.register(in: &poll)
            client?.register(in: &poll)
            for caller in callers { caller.register(in: &poll) }
            channel.register(in: &poll, linkIsFull: isFull)
            try poll.wait(milliseconds: patience)

            try hearClient(poll)
            let over = try channel.advance(poll, buffer: &buffer, linkIsFull: isFull) { tell($0) }
            if !over { keepTime() }
            hearCallers(poll)
        }
    }

    // MARK: The program speaks

    private func tell(_ frame: Frame) {
        switch frame.kind {
        case .output, .errors:
            scrollback.append(frame.payload)
            remark(recording?.showed(frame.payload))
            client?.send(frame)
        case .exit, .refused: last = frame
        default: client?.send(frame)
        }
    }

    /// Shows whoever came last what was there before them.
    private func catchUp() {
        guard let client else { return missed = [] }
        while !client.isFull, !missed.isEmpty {
            let before = missed.count
            channel.repeatOutput(&missed) { client.send($0) }
            if missed.count == before { return }
        }
    }

    // MARK: Whoever is attached speaks

    private func hearClient(_ poll: PollSet) throws(Refusal) {
        guard let client else { return }
        client.advance(poll, buffer: &buffer)
        while !client.isGone, let frame = client.next() {
            guard frame.kind != .close else { return leave() }
            do throws(ProtocolViolation) {
                guard frame.channel == Relay.channel else { throw ProtocolViolation("another channel") }
                if frame.kind == .resize { remark(recording?.resized(try frame.json(TerminalSize.self))) }
                try channel.receive(frame)
            } catch {
                refuse(client, Refusal("what came for the session broke dvm's protocol: \(error.what)"))
                return leave()
            }
        }
        if client.isGone { leave() }
    }

    /// What becomes of the session when nobody is attached any more.
    private func leave() {
        client = nil
        channel.left()
        if order.detached { noteAttached() } else { _ = place.group.killAll() }
    }

    private func noteAttached() {
        summary.attached = client != nil
        try? place.directory.note(summary)
    }

    private func refuse(_ client: SessionClient, _ refusal: Refusal) {
        if let frame = try? Frame(.refused, channel: Relay.channel, json: refusal) { client.send(frame) }
        // It takes this at once, or it is not listening.
        client.flush()
    }

    // MARK: Others come

    private func hearCallers(_ poll: PollSet) {
        if let connection = listener.accept(poll) { callers.append(SessionClient(connection)) }
        for caller in callers {
            caller.advance(poll, buffer: &buffer)
            // One question each: what else they send would make answers that nobody takes.
            if !caller.hasAsked, let frame = caller.next() {
                caller.hasAsked = true
                answer(caller, frame)
            }
        }
        callers.removeAll { $0.isGone || $0 === client || $0.patience < .now }
    }

    private func answer(_ caller: SessionClient, _ frame: Frame) {
        switch try? frame.json(Request.self) {
        case .attach(let attachment): attach(caller, attachment)
        // It waits for the end of the connection, which comes when everything is written down.
        case .task(.endSession):
            remark(.notice, "the session was ended with `dvm sessions kill`")
            _ = place.group.killAll()
        case .task(.sessionReport):
            var rest = scrollback.contents
            while !rest.isEmpty {
                caller.send(Frame(.output, channel: Relay.channel, payload: Array(rest.prefix(Frame.largestData))))
                rest = rest.dropFirst(Frame.largestData)
            }
            if let frame = try? Frame(.result, channel: Relay.channel, json: summary) { caller.send(frame) }
        case .task(.answerSignIn):
            do throws(Refusal) {
                caller.send(try Frame(.result, channel: Relay.channel, json: SignInPlace(of: order)))
            } catch {
                refuse(caller, error)
            }
        default: refuse(caller, Refusal("the process that watches over a session was asked for something else"))
        }
    }

    private func attach(_ caller: SessionClient, _ attachment: Attachment) {
        guard order.detached else {
            return refuse(
                caller,
                Refusal(
                    "\(summary.id) was not started to be attached to: it belongs to the terminal it was started from",
                    hint: "start it with `dvm ai --detach`"
                )
            )
        }
        // Whoever was here may be a host that is asleep: the one who asks now is there.
        if let client { refuse(client, Refusal("the session was attached to from somewhere else", hint: "it goes on")) }
        client = caller
        missed = Questions.removed(from: scrollback.contents)[...]
        for frame in channel.joined(window: attachment.outputWindow) { caller.send(frame) }
        if let size = attachment.size { drawAnew(size) }
        noteAttached()
    }

    // MARK: Time

    /// Has the program draw its screen again, which it does when the size changes: a row less for a moment.
    private func drawAnew(_ size: TerminalSize) {
        var smaller = size
        smaller.rows = max(1, size.rows &- 1)
        channel.resize(smaller)
        redraw = (size, .now + .milliseconds(100))
        remark(recording?.resized(size))
    }

    private func keepTime() {
        if let redraw, redraw.time <= .now {
            self.redraw = nil
            channel.resize(redraw.size)
        }
        if let deadline, deadline <= .now {
            self.deadline = nil
            isOutOfTime = true
            remark(.warning, "the session was ended after the time it was given, which DVM_AI_TIME sets")
            _ = place.group.killAll()
        }
    }

    private var patience: Int32 {
        let draining = client?.isFull == true || !missed.isEmpty ? nil : channel.drainEnd
        let ends = [draining, redraw?.time, deadline, listener.rest].compactMap { $0 } + callers.map(\.patience)
        guard let end = ends.min() else { return -1 }
        // A day, at the most: poll(2) counts milliseconds in 32 bits.
        let left = min(ContinuousClock.now.duration(to: end), .seconds(86400))
        return Int32(max(0, left / .milliseconds(1)).rounded(.up))
    }

    // MARK: The end

    private func end() {
        summary.notes += place.takeDown()
        if let last { summary.take(last) }
        summary.facts = facts()
        summary.unreviewed = PendingReview.sessions().contains(summary.id) ? true : nil
        remark(recording?.end())
        if order.detached { log.keep(scrollback.contents, of: summary.id) }
        if !log.append(summary) { remark(.warning, "the session could not be written to \(SessionLog.file)") }
        place.remove()
        guard let client, let last else { return }
        for note in summary.notes.prefix(SessionNote.most) {
            if let frame = try? Frame(.note, channel: Relay.channel, json: note) { client.send(frame) }
        }
        client.send(last)
        sayAll(to: client)
    }

    /// What is known of the session; what the kernel says last, which it does a moment later.
    private func facts() -> SessionFacts {
        var facts = place.facts
        if isOutOfTime { facts.limits.append(SessionFacts.Limit(.time, times: 1)) }
        facts.endedBySystemCall = kernelLog?.calls(of: place.agent.uid) ?? []
        guard !facts.endedBySystemCall.isEmpty else { return facts }
        facts.systemCallsMayBeOthers = SessionTasks.wereOthers(beside: summary)
        remark(KernelLog.note(facts.endedBySystemCall, mayBeOthers: facts.systemCallsMayBeOthers))
        return facts
    }

    /// Waits until everything was taken; not for ever, since nothing else is left of the session.
    private func sayAll(to client: SessionClient) {
        let deadline = ContinuousClock.now + .seconds(60)
        while !client.isGone, !client.isTold, .now < deadline {
            var poll = PollSet()
            client.register(in: &poll)
            guard (try? poll.wait(milliseconds: 1000)) != nil else { return }
            client.advance(poll, buffer: &buffer)
            while client.next() != nil {}
        }
    }
}
