internal import DVMProtocol
internal import Glibc

extension ReachOrder {
    /// Asks the question, in a process of its own: who becomes the account does not come back.
    ///
    /// - Returns: the answer for every place.
    /// - Throws: a `Refusal` when there is none.
    func run() throws(Refusal) -> [String: Reach] {
        let report = try Streams.bothWays()
        let null = OwnedDescriptor(
            FileDescriptor(rawValue: try call("opening /dev/null") { unsafe open("/dev/null", O_RDWR | O_CLOEXEC) })
        )
        let child = try Child(
            role: "reach",
            input: null.raw,
            output: null.raw,
            errors: .standardError,
            report: report.theirs.raw
        )
        defer { _ = child.wait() }
        var order = Outbox()
        order.append(try Frame(.open, channel: 0, json: self))
        var decoder = FrameDecoder(from: .guest)
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        let deadline = ContinuousClock.now + Entering.patience
        while ContinuousClock.now < deadline {
            var poll = PollSet()
            poll.add(child.ended.raw, .read)
            poll.add(report.ours.raw, order.isEmpty ? .read : [.read, .write])
            try poll.wait(milliseconds: 1000)
            // The end is looked for first: what was said before it is read after it.
            let ended = poll.ready(child.ended.raw, .read)
            if !order.isEmpty { _ = order.flush(to: report.ours.raw, isSocket: true) }
            while case .bytes(let bytes) = Reading.from(report.ours.raw, into: &buffer) {
                decoder.feed(bytes)
                while let frame = try? decoder.next() {
                    if frame.kind == .refused, let refusal = try? frame.json(Refusal.self) { throw refusal }
                    if frame.kind == .result, let answers = try? frame.json([String: Reach].self) { return answers }
                }
            }
            guard !ended else { break }
        }
        child.signal(SIGKILL)
        throw Refusal("it could not be tried what the agent's account gets at")
    }
}
