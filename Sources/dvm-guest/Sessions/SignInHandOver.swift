internal import DVMProtocol

/// Hands what a browser brought back to the tool that waits for it in its session, as the browser would.
///
/// The tool's pages end here: the browser is told by the host what became of it. A page of an agent in a browser could run
/// scripts there, next to everything else that the person has open on this name.
struct SignInHandOver {
    private let answer: SignInAnswer
    /// A tool asks its provider before it answers, which may be slow; then its page may take a little longer.
    private let deadline = ContinuousClock.now + .seconds(60)

    /// The pages a tool leads through, at most: Codex has two, and ends with the second.
    private static let mostPages = 4

    init(_ answer: SignInAnswer) { self.answer = answer }

    /// Does it.
    ///
    /// - Throws: a `Refusal` when the session is no sign-in that waits for a browser, or nobody answers there.
    func run() throws(Refusal) -> SignInOutcome {
        let parent = ParentProcess()
        let home = try Self.developerHome()
        let place = try askSupervisor()
        let callback = place.callback
        try NetworkNamespace.of(process: place.pid).enter()
        try NetworkNamespace.check(place.network)
        // What comes now is an agent's.
        try GateUser.become(developerHome: home, parent)
        var page = try get("\(callback.path)?\(answer.query)", at: callback.port)
        for _ in 1..<Self.mostPages {
            guard let next = page.next(at: callback.port) else { break }
            page = try get(next, at: callback.port)
        }
        return SignInOutcome(status: page.status)
    }

    private static func developerHome() throws(Refusal) -> String {
        let settings = try Settings.read()
        guard let developer = try Accounts.read()[settings.user] else {
            throw Refusal("the user “\(settings.user)” is gone from the VM", hint: "run `dvm sync` for this VM")
        }
        return developer.home
    }

    /// Asks the session's supervisor, which alone knows what the session was started for.
    private func askSupervisor() throws(Refusal) -> SignInPlace {
        let socket = try SessionCall.connect(to: answer.session)
        let question = try Frame(.open, channel: Relay.channel, json: Request.task(.answerSignIn(answer)))
        _ = try? socket.raw.writeAll(question.bytes)
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        var decoder = FrameDecoder(from: .guest)
        while case .bytes(let bytes) = Reading.from(socket.raw, into: &buffer) {
            decoder.feed(bytes)
            guard let frame = try? decoder.next() else { continue }
            if frame.kind == .refused, let refusal = try? frame.json(Refusal.self) { throw refusal }
            if let place = try? frame.json(SignInPlace.self) { return place }
        }
        throw Refusal("the session \(answer.session) ended meanwhile", hint: "sign in again")
    }

    // MARK: The tool

    private func get(_ target: String, at port: UInt16) throws(Refusal) -> CallbackReply {
        let socket = try connection(to: port)
        var outbox = Outbox()
        outbox.append(Array(CallbackReply.request(target, port: port).utf8))
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        var head: [UInt8] = []
        var found: CallbackReply?
        var deadline = self.deadline
        while true {
            var poll = PollSet()
            poll.add(socket.raw, outbox.isEmpty ? .read : [.read, .write])
            try poll.wait(milliseconds: Self.milliseconds(until: deadline))
            // Its page is there to be read as well, so that it is not cut off while it writes; not for ever.
            if ContinuousClock.now >= deadline { break }
            if poll.ready(socket.raw, .write), !outbox.isEmpty { _ = outbox.flush(to: socket.raw, isSocket: true) }
            guard poll.ready(socket.raw, .read) else { continue }
            guard case .bytes(let bytes) = Reading.from(socket.raw, into: &buffer) else { break }
            guard found == nil else { continue }
            head += bytes
            switch CallbackReply.read(head) {
            case .incomplete: continue
            case .malformed: throw Refusal("what waits for the browser in the session does not speak HTTP")
            case .reply(let reply):
                found = reply
                deadline = min(deadline, .now + .seconds(2))
            }
        }
        guard let found else { throw Refusal("the tool did not answer the browser", hint: "sign in again") }
        return found
    }

    private func connection(to port: UInt16) throws(Refusal) -> OwnedDescriptor {
        for end in GateListener.loopback(port) {
            guard let socket = try? Sockets.stream(for: end.address) else { continue }
            switch Sockets.connect(socket.raw, to: end) {
            case .made: return socket
            case .failed: continue
            case .going:
                var poll = PollSet()
                poll.add(socket.raw, .write)
                try poll.wait(milliseconds: min(5000, Self.milliseconds(until: deadline)))
                if poll.ready(socket.raw, .write), Sockets.outcome(socket.raw) == .made { return socket }
            }
        }
        throw Refusal(
            "nothing in the session waits for the browser at port \(port)",
            hint: "the tool may have ended or gone another way: the terminal says what it wants"
        )
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
        Int32(max(0, ContinuousClock.now.duration(to: deadline) / .milliseconds(1)).rounded(.up))
    }
}
