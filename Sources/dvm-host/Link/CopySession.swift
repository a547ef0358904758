internal import DVMProtocol
internal import DVMTransfer

/// The way to the guest's end of a copy: the streams of its task.
final class CopySession: CopyPipe {
    private let link: Link
    private var channel: ClientChannel
    private let signals: SignalPipe
    private var arrived: [[UInt8]] = []
    private var result: [UInt8]?

    /// Asks for a copy on a channel that was never used.
    init(_ request: CopyRequest, channel number: UInt32, link: Link) throws {
        self.link = link
        channel = ClientChannel(number: number)
        signals = try SignalPipe(watching: [SIGINT, SIGTERM], unlessIgnored: [SIGHUP])
        link.send(try Frame(.open, channel: number, json: Request.task(.copy(request))))
    }

    func read() throws -> [UInt8] {
        while arrived.isEmpty {
            guard result == nil else { throw ProtocolViolation("the end in the middle of a copy") }
            try turn()
        }
        let bytes = arrived.removeFirst()
        // The window is what bounds what waits here.
        channel.handedOn(bytes.count, of: .output).map(link.send)
        return bytes
    }

    func write(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        while !rest.isEmpty {
            while channel.inputAllowance == 0 || link.isFull {
                guard result == nil else { throw ProtocolViolation("the end in the middle of a copy") }
                try turn()
            }
            let part = rest.prefix(channel.inputAllowance)
            link.send(channel.send(part))
            rest = rest.dropFirst(part.count)
        }
    }

    /// What the guest has to tell in the end.
    func finish() throws -> CopyReport {
        channel.endInput().map(link.send)
        while result == nil { try turn() }
        guard let report = try? JSON.decode(CopyReport.self, from: result ?? []) else {
            throw ProtocolViolation("a result that is not a \(CopyReport.self)")
        }
        return report
    }

    func wait(toRead stream: OpenFile) throws {
        let descriptor = FileDescriptor(rawValue: stream.number)
        // It is not the guest that is waited for.
        let silence = link.silence
        link.silence = nil
        defer { link.silence = silence }
        // Signals are looked at first: whoever wrote may be gone because of the same one.
        while try !turn({ $0.read(descriptor) }).canRead(descriptor) {}
    }

    func look() throws { try turn(milliseconds: 0) }

    /// A signal may be another thread's to handle, which on a busy computer has to wait for a processor: without this
    /// time, one copy of forty on two processors with three busy programs took the end for a whole one.
    func lookAfterTheEnd() throws {
        let end = ContinuousClock.now + .milliseconds(100)
        while ContinuousClock.now < end { try turn(milliseconds: 20) }
    }

    @discardableResult
    private func turn(milliseconds: Int? = nil, _ wait: (inout Readiness) -> Void = { _ in }) throws -> Readiness {
        let turn = try link.turn(milliseconds: milliseconds) {
            $0.read(signals.reader)
            wait(&$0)
        }
        if turn.ready.canRead(signals.reader), let signal = signals.read().first { throw Interrupted(signal: signal) }
        for frame in turn.frames {
            switch try channel.receive(frame) {
            case .nothing, .noted, .opened, .progress: break
            case .received(.output, let bytes): if !bytes.isEmpty { arrived.append(bytes) }
            case .received(let stream, let bytes): channel.handedOn(bytes.count, of: stream).map(link.send)
            case .ended(.result(let bytes)): result = bytes
            case .ended(.refused(let refusal)): throw SaidByGuest(refusal: refusal)
            case .ended(.exit): throw ProtocolViolation("an exit for a task")
            }
        }
        return turn.ready
    }
}
