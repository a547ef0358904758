internal import DVMProtocol

/// One connection through the gate, from the accepted client to its server.
///
/// A state machine that a loop drives: `interests` says what it waits for, `advance` does what can be done without
/// waiting. The deciding is done by `ProxyRequest`, `ClientHello` and `DestinationRules`.
final class GateConnection {
    /// In which network namespace the server is.
    enum Place { case vm, session }

    /// How far it has come.
    enum Phase {
        /// The head of a request to the proxy is being read.
        case head([UInt8])
        /// The host's name is being looked up; without a lookup, one has to end first.
        case lookup(NameLookup?, ProxyRequest)
        case dialling
        /// The tunnel stands; what comes first through it has to be for the host it was made to.
        case checking([UInt8])
        case relaying
        /// The client is told something, and nothing else is done.
        case answering
    }

    let client: OwnedDescriptor
    private var server: OwnedDescriptor?
    let place: Place
    var phase: Phase
    var request: ProxyRequest?
    var candidates: [Endpoint] = []
    /// From the client to the server, and back.
    var up = GateFlow()
    var down = GateFlow()
    /// What a client sent behind its CONNECT before it was answered.
    var early: [UInt8] = []
    var deadline: ContinuousClock.Instant?
    private var places: (client: Int?, server: Int?, lookup: Int?)

    /// A client of the proxy.
    init(proxied client: consuming OwnedDescriptor) {
        self.client = client
        place = .vm
        phase = .head([])
        deadline = .now + Self.patience
    }

    /// A client that is connected to the first of some ends that answers.
    init(_ client: consuming OwnedDescriptor, to candidates: [Endpoint], in place: Place, _ context: GateContext) {
        self.client = client
        self.place = place
        self.candidates = candidates
        phase = .dialling
        dialNext(context)
    }

    /// For every step of which the other side decides how long it takes.
    static let patience: Duration = .seconds(20)
    /// The most that follows a request's head before it is answered: the beginning of a body, or of a TLS connection.
    private static let largestStart = ClientHello.largest

    var isOver = false

    /// Whether it ends by itself when nothing happens.
    var isTimed: Bool { deadline != nil }

    // MARK: The loop's side

    /// Says what it waits for.
    func interests(_ poll: inout PollSet) {
        places = (nil, nil, nil)
        switch phase {
        case .head: places.client = poll.add(client.raw, .read)
        case .lookup(let lookup, _):
            places.client = poll.add(client.raw, [])
            if let lookup { places.lookup = poll.add(lookup.output.raw, .read) }
        case .dialling:
            places.client = poll.add(client.raw, [])
            if let raw = server?.raw { places.server = poll.add(raw, .write) }
        case .checking, .relaying, .answering:
            let reads = isChecking || up.wantsBytes
            places.client = add(interest(reads: reads, writes: down), of: client.raw, &poll)
            if let raw = server?.raw {
                places.server = add(interest(reads: down.wantsBytes, writes: up), of: raw, &poll)
            }
        }
    }

    private func interest(reads: Bool, writes flow: GateFlow) -> PollSet.Interest {
        flow.outbox.isEmpty ? (reads ? .read : []) : (reads ? [.read, .write] : .write)
    }

    /// Nothing is waited for where nothing would be done: the failure of one side alone must not cut off what the other
    /// has still to take.
    private func add(_ interest: PollSet.Interest, of socket: FileDescriptor, _ poll: inout PollSet) -> Int? {
        interest.isEmpty ? nil : poll.add(socket, interest)
    }

    private var isChecking: Bool { if case .checking = phase { true } else { false } }

    /// Does what can be done now.
    func advance(_ poll: PollSet, now: ContinuousClock.Instant, _ buffer: inout [UInt8], _ context: GateContext) {
        if let deadline, now > deadline {
            timeout(context)
            return
        }
        let ready = (client: poll.found(places.client), server: poll.found(places.server))
        switch phase {
        case .head(let bytes):
            if ready.client { readHead(bytes, &buffer, context) }
        case .lookup(let lookup, let request):
            if ready.client { return end(context) }
            if let lookup {
                guard poll.found(places.lookup), let addresses = lookup.advance(&buffer) else { return }
                context.lookups -= 1
                phase = .dialling
                choose(addresses, request, context)
            } else {
                look(up: request, context)
            }
        case .dialling:
            if ready.client { return end(context) }
            if ready.server { dialled(context) }
        case .checking(let bytes):
            if ready.client { check(bytes, &buffer, context) }
            relayDown(ready.server, &buffer)
        case .relaying:
            if ready.client || ready.server { relay(ready, &buffer) }
        case .answering:
            // Read and forgotten: a close with unread bytes would take the answer back.
            if ready.client { up.read(from: client.raw, &buffer) }
            up.outbox = Outbox()
            if !down.write(to: client.raw) || (down.told && up.ended) { isOver = true }
        }
    }

    /// Ends it at once, as a failure.
    func end(_ context: GateContext) {
        if case .lookup(.some, _) = phase { context.lookups -= 1 }
        Sockets.closeAbruptly(client.raw)
        isOver = true
    }

    private func timeout(_ context: GateContext) {
        switch phase {
        case .dialling: dialNext(context)
        case .lookup(let lookup, _):
            if lookup != nil { context.lookups -= 1 }
            answer(504, "looking the host up took too long")
        case .head, .checking, .answering, .relaying: end(context)
        }
    }

    // MARK: The server

    func dialNext(_ context: GateContext) {
        server = nil
        deadline = .now + .seconds(10)
        while !candidates.isEmpty {
            let end = candidates.removeFirst()
            guard let socket = try? context.socket(for: end.address, in: place) else { continue }
            let outcome = Sockets.connect(socket.raw, to: end)
            server = consume socket
            switch outcome {
            case .made: return established(context)
            case .going: return
            case .failed: server = nil
            }
        }
        answer(502, "the host cannot be connected to")
    }

    private func dialled(_ context: GateContext) {
        guard let raw = server?.raw else { return }
        if Sockets.outcome(raw) == .made { established(context) } else { dialNext(context) }
    }

    private func established(_ context: GateContext) {
        deadline = nil
        phase = .relaying
        guard request?.form == .tunnel else { return relayNow() }
        down.outbox.append(Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8))
        phase = .checking(early)
        deadline = .now + Self.patience
        guard down.write(to: client.raw) else {
            isOver = true
            return
        }
        if !early.isEmpty { judge(early, context) }
    }

    /// Lets nothing through a tunnel before it is known to be for the tunnel's host.
    private func check(_ before: [UInt8], _ buffer: inout [UInt8], _ context: GateContext) {
        guard case .bytes(let more) = Reading.from(client.raw, into: &buffer, limit: Self.largestStart) else {
            // A client that has nothing to say, or has gone.
            return end(context)
        }
        judge(before + more, context)
    }

    private func judge(_ bytes: [UInt8], _ context: GateContext) {
        guard let request else { return end(context) }
        switch TunnelCheck.judge(bytes, host: request.host, port: request.port) {
        case .more: phase = .checking(bytes)
        case .passes:
            up.outbox.append(bytes)
            phase = .relaying
            deadline = nil
            relayNow()
        case .refused(let why):
            context.journal.refuse("\(request.host):\(request.port)", why: why, remedy: nil)
            end(context)
        }
    }

    // MARK: Passing on

    private func relayNow() {
        guard let raw = server?.raw, up.write(to: raw) else {
            isOver = true
            return
        }
    }

    private func relayDown(_ ready: Bool, _ buffer: inout [UInt8]) {
        guard !isOver, let raw = server?.raw else { return }
        if ready { down.read(from: raw, &buffer) }
        if !down.write(to: client.raw) { isOver = true }
    }

    private func relay(_ ready: (client: Bool, server: Bool), _ buffer: inout [UInt8]) {
        guard let raw = server?.raw else { return }
        if ready.client { up.read(from: client.raw, &buffer) }
        if ready.server { down.read(from: raw, &buffer) }
        if !up.write(to: raw) || !down.write(to: client.raw) || (up.isDone && down.isDone) { isOver = true }
    }
}
