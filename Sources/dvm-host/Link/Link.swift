internal import DVMProtocol

/// A link to a guest: bytes to frames, frames to bytes, and what the program between has to say.
///
/// Knows nothing of what the frames are about.
final class Link {
    /// What a turn of the loop brought.
    struct Turn {
        var frames: [Frame] = []
        var ready: Readiness
    }

    /// The link is gone, or never came to be.
    enum Failure: Error, Equatable {
        /// The program at our end ended before the guest greeted.
        case noGreeting(status: Int32, complaint: String)
        /// What came is not dvm's protocol.
        case notOurs(String)
        /// It was there, and is not any more.
        case lost(complaint: String)
    }

    private let process: LinkProcess
    private var decoder = FrameDecoder(from: .guest)
    private var greeting: GreetingScanner? = GreetingScanner()
    private var outbox: WriteQueue
    private var complaints: [UInt8] = []
    private var errorsOpen = true
    private var buffer = [UInt8](repeating: 0, count: Frame.largestData)
    /// Shown as they come under `--verbose`: the login's noise, and what limactl says.
    private let remark: (String) -> Void
    /// Readable when whoever waits should wait no longer.
    private let stop: FileDescriptor?
    /// When whoever waits should wait no longer.
    var deadline: ContinuousClock.Instant?
    /// Tells of a guest that says nothing; absent while it may be silent.
    var silence: Silence?

    private static let mostComplaints = 4096

    init(_ process: LinkProcess, until stop: FileDescriptor? = nil, remark: @escaping (String) -> Void) {
        self.process = process
        self.stop = stop
        self.remark = remark
        outbox = WriteQueue(for: process.input)
    }

    /// Whether so much waits for the guest that nothing should be read that would only have to wait too.
    ///
    /// Credit alone is no bound: it is the guest's word, and one that never reads can give it for ever.
    var isFull: Bool { outbox.count > 4 * Frame.largestData }

    /// Sends a frame, at the latest when the loop turns.
    func send(_ frame: Frame) { outbox.append(frame) }

    /// Waits for the guest, and for whatever else is asked for, and takes in what came.
    ///
    /// It waits for ever unless there is a deadline, or it is told how many milliseconds at most.
    ///
    /// - Throws: a `Failure`, a `Refusal` when the system cannot wait, or `CancellationError` when it need not any more.
    func turn(milliseconds: Int? = nil, _ wait: (inout Readiness) -> Void = { _ in }) throws -> Turn {
        var ready = Readiness()
        wait(&ready)
        ready.read(process.output)
        if errorsOpen { ready.read(process.errors) }
        if let stop { ready.read(stop) }
        if let input = process.input, !outbox.isEmpty { ready.write(input) }
        let left = deadline.map { max(0, Int(ContinuousClock.now.duration(to: $0) / .milliseconds(1))) }
        // This one stands still while the computer sleeps.
        let began = SuspendingClock.now
        try ready.wait(milliseconds: [milliseconds, left, silence?.milliseconds].compactMap { $0 }.min())
        if ready.canRead(process.output) { silence?.heard() } else { silence?.passed(began.duration(to: .now)) }

        if let stop, ready.canRead(stop) { throw CancellationError() }
        if let deadline, deadline <= .now { throw CancellationError() }
        if errorsOpen, ready.canRead(process.errors) { readComplaints() }
        if let input = process.input, !outbox.isEmpty, ready.canWrite(input), try outbox.flush(to: input) == nil {
            process.endInput()
        }
        var turn = Turn(ready: ready)
        if ready.canRead(process.output) { turn.frames = try readFrames() }
        return turn
    }

    /// Says nothing more, and waits for the guest's end, which follows.
    func end() {
        process.endInput()
        _ = process.wait(milliseconds: 3000)
    }

    private func readFrames() throws -> [Frame] {
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe read(process.output.rawValue, $0.baseAddress, $0.count)
        }
        if count < 0, errno == EINTR { return [] }
        guard count > 0 else { throw over() }
        if var scanner = greeting {
            let outcome = scanner.feed(buffer[..<count])
            greeting = scanner
            switch outcome {
            case .waiting: return []
            case .tooNoisy:
                throw Failure.notOurs("more than \(GreetingScanner.mostNoise / 1024) KiB before the guest's greeting")
            case .greeted(let noise, let rest):
                greeting = nil
                if !noise.isEmpty { remark("before the guest's greeting: " + String(decoding: noise, as: UTF8.self)) }
                decoder.feed(rest[...])
            }
        } else {
            decoder.feed(buffer[..<count])
        }
        var frames: [Frame] = []
        do {
            while let frame = try decoder.next() { frames.append(frame) }
        } catch {
            throw Failure.notOurs("\(error)")
        }
        return frames
    }

    private func over() -> Failure {
        let status = process.wait().status
        while errorsOpen {
            // What is there now; ssh's master may hold the pipe open for ever.
            var ready = Readiness()
            ready.read(process.errors)
            guard (try? ready.wait(milliseconds: 0)) != nil, ready.canRead(process.errors) else { break }
            readComplaints()
        }
        let complaint = String(decoding: complaints, as: UTF8.self)
        return greeting == nil ? .lost(complaint: complaint) : .noGreeting(status: status, complaint: complaint)
    }

    private func readComplaints() {
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe read(process.errors.rawValue, $0.baseAddress, $0.count)
        }
        guard count > 0 else {
            if count == 0 || errno != EINTR { errorsOpen = false }
            return
        }
        remark(String(decoding: buffer[..<count], as: UTF8.self))
        complaints.append(contentsOf: buffer[..<count])
        if complaints.count > Self.mostComplaints { complaints.removeFirst(complaints.count - Self.mostComplaints) }
    }
}
