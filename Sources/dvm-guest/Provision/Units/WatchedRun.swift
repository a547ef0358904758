internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A program in a control group of its own, watched over by a task from its start until nothing of it is left.
///
/// It has nothing to read and shares one stream with the task for what it writes: nothing of that is kept here, and the
/// program waits while nobody takes it. The task is asked to end by a signal or by the end of the link, never killed, so
/// that it can end what it watches first.
struct WatchedRun {
    let spawn: Spawn
    let group: ControlGroup
    let limit: Duration
    let report: ReportStream

    /// How it ended.
    enum Ending: Equatable {
        /// By itself, leaving this many processes behind, which were ended.
        case exited(Exit, leftBehind: Int)
        /// It took longer than it may.
        case tookTooLong
        /// Nobody waits for it any more.
        case abandoned
    }

    /// How long a program has to clean up after it was asked to end.
    private static let patience = Duration.seconds(1)

    /// Runs the program to its end.
    ///
    /// - Throws: a `Refusal` when it cannot be started.
    func run() throws(Refusal) -> Ending {
        let signals = try Signals.descriptor(for: [SIGTERM, SIGINT, SIGHUP, SIGQUIT])
        // What the program leaves behind outside its group, such as a login of `su`, is found among our children.
        try call("adopting processes") { dvm_adopt_orphans() }
        let answers = try Streams.bothWays()
        let null = try Streams.null()
        let output = FileDescriptor.standardOutput
        let child = try Child(
            role: "enter",
            input: null.raw,
            output: output,
            errors: output,
            report: answers.theirs.raw
        )
        let ours = answers.ours.raw
        do throws(Refusal) {
            // It waits for its order, so that nothing it does happens outside its group.
            try group.add(child.pid)
            var watch = Watch(order: try Frame(.open, channel: 0, json: spawn))
            let reason = try watch.follow(child, answers: ours, signals: signals.raw, report: report, limit: limit)
            guard let reason else {
                let exit = child.wait()
                // The refusal of a start is what it wrote there last.
                watch.hear(ours)
                if let refusal = watch.refusal { throw refusal }
                return .exited(exit, leftBehind: try clear(all: exit != .exited(0)))
            }
            ask(child)
            _ = child.wait()
            _ = try clear(all: true)
            return reason
        } catch {
            _ = try? clear(all: true)
            throw error
        }
    }

    /// Asks the program to end, and ends it when it does not.
    private func ask(_ child: borrowing Child) {
        child.signal(SIGTERM)
        let deadline = ContinuousClock.now + Self.patience
        while group.isPopulated, ContinuousClock.now < deadline { usleep(10_000) }
        _ = group.killAll()
        child.signal(SIGKILL)
    }

    /// Ends what is left of the program.
    ///
    /// - Parameter all: also what has left its group; one that succeeded may have started something under systemd, which
    ///   is in a group of systemd's then.
    /// - Returns: how many processes were left in its group.
    /// - Throws: a `Refusal` when something withstands that.
    private func clear(all: Bool) throws(Refusal) -> Int {
        let left = group.words("cgroup.procs").count
        let isGone = group.killAll()
        if all { Offspring.endAll() }
        guard isGone else {
            throw Refusal(
                "a process that it started cannot be ended: it hangs in the VM's kernel",
                hint: "`dvm stop` and another `dvm sync` start the VM anew"
            )
        }
        return left
    }
}

/// What is known of a watched program while it runs.
private struct Watch {
    var order = Outbox()
    var decoder = FrameDecoder(from: .guest)
    var refusal: Refusal?
    var buffer = [UInt8](repeating: 0, count: 4096)

    init(order: Frame) { self.order.append(order) }

    /// Waits until the program has ended, or has to be.
    ///
    /// - Returns: why it has to be ended; nothing when it has.
    mutating func follow(
        _ child: borrowing Child,
        answers: FileDescriptor,
        signals: FileDescriptor,
        report: ReportStream,
        limit: Duration
    ) throws(Refusal) -> WatchedRun.Ending? {
        let deadline = ContinuousClock.now + limit
        var answering = true
        while true {
            var poll = PollSet()
            poll.add(child.ended.raw, .read)
            if answering { poll.add(answers, order.isEmpty ? .read : [.read, .write]) }
            poll.add(signals, .read)
            poll.add(report.descriptor, .read)
            let left = ContinuousClock.now.duration(to: deadline)
            try poll.wait(milliseconds: Int32(max(0, min(left, .seconds(86400)) / .milliseconds(1)).rounded(.up)))

            if poll.ready(child.ended.raw, .read) { return nil }
            if poll.ready(signals, .read) { return .abandoned }
            // `serve` says nothing after the order: this is its end.
            if poll.ready(report.descriptor, .read) { return .abandoned }
            guard ContinuousClock.now < deadline else { return .tookTooLong }
            if answering, !order.isEmpty { _ = order.flush(to: answers, isSocket: true) }
            if answering { answering = hear(answers) }
        }
    }

    /// Takes in what the program's process says before it becomes the program.
    ///
    /// - Returns: whether there can be more.
    @discardableResult
    mutating func hear(_ answers: FileDescriptor) -> Bool {
        while true {
            switch Reading.from(answers, into: &buffer) {
            case .nothing: return true
            case .end: return false
            case .bytes(let bytes):
                decoder.feed(bytes)
                while let frame = try? decoder.next() {
                    if frame.kind == .refused { refusal = try? frame.json(Refusal.self) }
                }
            }
        }
    }
}
