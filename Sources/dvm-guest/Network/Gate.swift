internal import DVMProtocol
internal import Glibc

/// The one way out of a session's network namespace, which has no other interface than its loopback.
///
/// No packet of an agent leaves its session: it ends at a socket the gate made inside, and the gate makes a connection of
/// its own outside if its rules allow that. So there is nothing to add to the VM's interfaces, forwarding or firewall, and
/// nothing to take away; when the gate dies, what it held is closed.
final class Gate {
    private let context: GateContext
    private var listeners: [GateListener]
    private let names: NameForwarder?
    private let served: ServedPorts?
    /// What keeps connections coming to us; held, never used.
    private let steering: SharedDescriptor?
    private var connections: [GateConnection] = []
    /// Readable when the process has ended that started us: Bubblewrap by then, or the session's supervisor.
    private let session: SharedDescriptor
    private var report: FileDescriptor?
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    init(_ doors: consuming GateDoors, _ context: GateContext, session: SharedDescriptor, report: FileDescriptor) {
        self.session = session
        self.context = context
        listeners = doors.listeners
        names = doors.names
        served = doors.served
        steering = doors.steering
        self.report = report
    }

    /// More wait in the kernel until others have ended.
    static let mostConnections = 512
    /// How many are taken from one listener before others have their turn.
    private static let mostAtOnce = 32

    /// Lets through what may pass, until this process is ended.
    func run() throws(Refusal) -> Never {
        while true { try turn() }
    }

    private func turn() throws(Refusal) {
        served?.open(&listeners, context.journal)
        var poll = PollSet()
        let over = poll.add(session.raw, .read)
        let reported = report.map { poll.add($0, .read) }
        let full = connections.count >= Self.mostConnections
        for index in listeners.indices {
            listeners[index].place = full ? nil : poll.add(listeners[index].socket.raw, .read)
        }
        names?.interests(&poll)
        for connection in connections { connection.interests(&poll) }
        let timed = served != nil || names?.isTimed == true || connections.contains(where: \.isTimed)
        try poll.wait(milliseconds: timed ? 500 : -1)

        if poll.found(over) { exit(0) }
        if poll.found(reported) { tell() }
        let now = ContinuousClock.now
        names?.advance(poll, now: now, &buffer)
        for connection in connections { connection.advance(poll, now: now, &buffer, context) }
        connections.removeAll(where: \.isOver)
        for listener in listeners where poll.found(listener.place) { accept(listener) }
    }

    private func accept(_ listener: GateListener) {
        for _ in 0..<min(Self.mostAtOnce, Self.mostConnections - connections.count) {
            guard let client = Sockets.accept(listener.socket.raw) else { return }
            guard let connection = connection(of: client, from: listener.purpose) else { continue }
            if !connection.isOver { connections.append(connection) }
        }
    }

    private func connection(of client: consuming OwnedDescriptor, from purpose: GateListener.Purpose) -> GateConnection?
    {
        switch purpose {
        case .proxy: return GateConnection(proxied: client)
        case .local(let port): return GateConnection(client, to: GateListener.loopback(port), in: .vm, context)
        case .served(let port): return GateConnection(client, to: GateListener.loopback(port), in: .session, context)
        case .names:
            guard let resolver = names?.resolver else { return nil }
            return GateConnection(client, to: [resolver], in: .vm, context)
        case .everywhere:
            guard let end = Sockets.ownEnd(client.raw) else { return nil }
            switch context.rules.address(end, isNear: context.isNear) {
            case .allowed:
                context.journal.allow(end.description)
                return GateConnection(client, to: [end], in: .vm, context)
            case .refused(let why, let remedy):
                context.journal.refuse(end.description, why: why, remedy: remedy)
                Sockets.closeAbruptly(client.raw)
                return nil
            }
        }
    }

    /// Whoever started us has said that the session is over, or has become the sandbox and hears no more.
    private func tell() {
        guard let descriptor = report else { return }
        report = nil
        let said = GateReport(notes: context.journal.notes, facts: context.journal.facts)
        guard let frame = try? Frame(.result, channel: 0, json: said) else { return }
        var outbox = Outbox()
        outbox.append(frame)
        _ = outbox.flush(to: descriptor, isSocket: true)
        try? descriptor.close()
    }
}
