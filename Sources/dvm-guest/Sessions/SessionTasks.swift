internal import DVMProtocol

/// What can be asked about sessions, beside taking one up.
enum SessionTasks {
    /// The sessions that run, and on request those that have ended, oldest first.
    static func list(ended: Bool) throws(Refusal) -> [SessionSummary] {
        let left = Orphans.settle().left
        var running = SessionDirectory.running()
        for orphan in left {
            if !running.contains(where: { $0.id == orphan.session }) {
                running += SessionLog.read().filter { $0.id == orphan.session }
            }
            let text = SessionNote(.warning, Orphans.text(orphan))
            for index in running.indices where running[index].id == orphan.session {
                running[index].notes.append(text)
                running[index].unreviewed = true
            }
        }
        guard ended else { return running.sorted { $0.id < $1.id } }
        // A start without an end is in the record too, of a session whose VM was stopped.
        let known = Set(running.map(\.id))
        let all = SessionLog.read().filter { !known.contains($0.id) } + running
        return fitting(all.sorted { $0.id < $1.id })
    }

    /// What is known of a session; what it showed last goes to standard output.
    static func report(_ session: SessionID) throws(Refusal) -> SessionSummary {
        let summary = try find(session)
        guard summary.attached == nil else { return try ask(.sessionReport(session), of: session) ?? summary }
        if let output = SessionLog.output(of: session) {
            _ = try? FileDescriptor.standardOutput.writeAll(output)
        }
        return summary
    }

    /// Ends a session, and waits for that.
    static func end(_ session: SessionID) throws(Refusal) -> SessionSummary {
        _ = try ask(.endSession(session), of: session)
        return try find(session)
    }

    /// Asks the supervisor of a session; what it has to show goes to standard output.
    ///
    /// - Returns: its answer; nothing when it ended instead, as it does with its session.
    private static func ask(_ task: GuestTask, of session: SessionID) throws(Refusal) -> SessionSummary? {
        let socket = try SessionCall.connect(to: session)
        let frame = try Frame(.open, channel: Relay.channel, json: Request.task(task))
        _ = try? socket.raw.writeAll(frame.bytes)
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        var decoder = FrameDecoder(from: .guest)
        while case .bytes(let bytes) = Reading.from(socket.raw, into: &buffer) {
            decoder.feed(bytes)
            while let frame = try? decoder.next() {
                switch frame.kind {
                case .output: _ = try? FileDescriptor.standardOutput.writeAll(frame.payload)
                case .refused: if let refusal = try? frame.json(Refusal.self) { throw refusal }
                default: return try? frame.json(SessionSummary.self)
                }
            }
        }
        return nil
    }

    /// Whether another session ran at any time of one that has ended.
    static func wereOthers(beside session: SessionSummary) -> Bool {
        let now = session.ended ?? .max
        return (SessionLog.read() + SessionDirectory.running()).contains { other in
            // Without an end it runs, or nobody knows when it was over.
            let end = other.ended ?? (SessionDirectory.isLive(other.id) ? .max : other.started)
            return other.id != session.id && other.started <= now && end >= session.started
        }
    }

    private static func find(_ session: SessionID) throws(Refusal) -> SessionSummary {
        if let running = SessionDirectory.running().first(where: { $0.id == session }) { return running }
        guard let ended = SessionLog.read().last(where: { $0.id == session }) else {
            throw Refusal("there is no session \(session) in this VM", hint: "`dvm sessions --all` lists them")
        }
        return ended
    }

    /// The newest ones of a list, as many as one frame can carry.
    private static func fitting(_ summaries: [SessionSummary]) -> [SessionSummary] {
        var room = Frame.largestPayload - 1024
        var kept: [SessionSummary] = []
        for summary in summaries.reversed() {
            let size = ((try? JSON.encode(summary).count) ?? 0) + 1
            // A single long one does not hide the others.
            guard size < room else { continue }
            room -= size
            kept.append(summary)
        }
        return kept.reversed()
    }
}
