internal import DVMProtocol
internal import Glibc

/// One link: the loop that owns every channel of it.
///
/// One thread, nothing shared.
struct Server: ~Copyable {
    /// What the other end of the link may ask for.
    enum Rights {
        /// The host, which came through the control account: everything.
        case host
        /// The developer in the VM, through the agents' socket: sessions in the sandbox, and to have them checked.
        case agentSessions
    }

    private let streams: LinkStreams
    private let rights: Rights
    private var decoder = FrameDecoder(from: .host)
    private var outbox = Outbox()
    private var greeted = false
    /// Why the link is about to end, once everything was said.
    private var farewell: Refusal?
    private var channels: [UInt32: any LinkChannel] = [:]
    private var newest: UInt32 = 0
    /// What the first program of the developer's becomes.
    private var ready: ReadyEnter?
    private var buffer = [UInt8](repeating: 0, count: Frame.largestData)
    /// Until when whoever connected has to greet.
    ///
    /// The agents' socket takes 64 connections, and silent ones would keep the others out. The host may take its time, nobody waits for its place.
    private var greetingEnd: ContinuousClock.Instant?

    /// Tenfold of what a busy VM needs.
    private static let greetingPatience = Duration.seconds(10)

    /// More output than this waiting for the link, and programs are not read from.
    private static let fullLink = 4 * Frame.largestData

    /// More than this, and nothing is read: what waits is answers to someone who asks and does not listen.
    ///
    /// Far above what a flood of a program leaves here, which therefore never keeps a signal waiting.
    private static let mostWaiting = 4 << 20

    /// More channels than anyone uses at once, few enough for their processes and buffers.
    private static let mostChannels = 64

    init(_ streams: consuming LinkStreams, rights: Rights, ready: consuming ReadyEnter? = nil) {
        self.streams = streams
        self.ready = ready
        self.rights = rights
        greetingEnd = rights == .agentSessions ? .now + Self.greetingPatience : nil
    }

    /// Serves until the host closes the link, then ends what must not outlive it.
    ///
    /// - Throws: a `Refusal` when the host breaks the rules of the wire.
    mutating func run() throws(Refusal) {
        defer { loseLink() }
        outbox.append(GreetingScanner.line)
        var open = true
        while open {
            let linkIsFull = isFull
            var poll = PollSet()
            let listens =
                farewell == nil && outbox.count <= Self.mostWaiting
                && channels.values.allSatisfy { $0.backlog <= Self.mostWaiting }
            if listens { poll.add(streams.input.raw, .read) }
            if !outbox.isEmpty { poll.add(streams.output.raw, .write) }
            for channel in channels.values { channel.register(in: &poll, linkIsFull: linkIsFull) }
            try poll.wait(milliseconds: patience)
            if let end = greetingEnd, end <= .now { throw Refusal("whoever connected did not say who they are") }

            if !outbox.isEmpty, poll.ready(streams.output.raw, .write),
                outbox.flush(to: streams.output.raw, isSocket: streams.outputIsSocket) == .readerGone
            {
                break
            }
            if let farewell, outbox.isEmpty { throw farewell }
            try advanceChannels(poll, linkIsFull: linkIsFull)
            if listens, poll.ready(streams.input.raw, .read) { open = try readLink() }
        }
    }

    private var isFull: Bool { outbox.count > Self.fullLink }

    /// How long to wait when nothing happens: for ever, unless a terminal is being drained or nobody has greeted yet.
    private var patience: Int32 {
        let ends = (isFull ? [] : channels.values.compactMap(\.drainEnd)) + (greetingEnd.map { [$0] } ?? [])
        guard let end = ends.min() else { return -1 }
        let left = ContinuousClock.now.duration(to: end)
        return Int32(max(0, left / .milliseconds(1)).rounded(.up))
    }

    private mutating func advanceChannels(_ poll: borrowing PollSet, linkIsFull: Bool) throws(Refusal) {
        for channel in channels.values {
            let over = try channel.advance(copy poll, buffer: &buffer, linkIsFull: linkIsFull) { outbox.append($0) }
            if over { channels[channel.number] = nil }
        }
    }

    // MARK: The host speaks

    /// Takes in what has arrived; returns whether there can be more.
    private mutating func readLink() throws(Refusal) -> Bool {
        guard case .bytes(let bytes) = Reading.from(streams.input.raw, into: &buffer) else { return false }
        decoder.feed(bytes)
        do {
            while farewell == nil, let frame = try decoder.next() { try receive(frame) }
        } catch let failure as FrameDecoder.Failure {
            throw Refusal("the other side does not speak dvm's protocol: \(failure)")
        } catch let violation as ProtocolViolation {
            throw Refusal("the other side broke dvm's protocol: \(violation.what)")
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal("the link failed: \(error)")
        }
        return true
    }

    private mutating func receive(_ frame: Frame) throws {
        switch (frame.kind, greeted) {
        case (.hello, false):
            try greet(frame.json(Hello.self))
        case (_, false), (.hello, true):
            throw ProtocolViolation("a \(frame.kind) frame \(greeted ? "again" : "before hello")")
        case (.open, true):
            try open(frame)
        default:
            // A channel that has just ended may still be spoken to; the host cannot know yet.
            guard frame.channel <= newest else { throw ProtocolViolation("a channel that was never opened") }
            try channels[frame.channel]?.receive(frame)
        }
    }

    private mutating func greet(_ hello: Hello) throws {
        greeted = true
        greetingEnd = nil
        var welcome = Welcome(build: BuildID.own, facts: .read())
        // A wrapper in the VM is on the same clock, and may not set it.
        if rights == .host { welcome.clockStep = try? Clock.follow(host: hello.time) }
        outbox.append(try Frame(.welcome, channel: 0, json: welcome))
        do throws(Refusal) {
            _ = try ProtocolVersion.agree(host: hello.versions, guest: ProtocolVersion.spoken)
        } catch {
            // Not before the host has heard our versions and build: it puts a guest program that fits in our place.
            farewell = error
        }
    }

    private mutating func open(_ frame: Frame) throws {
        // Numbers only grow, so that a late frame never reaches another conversation.
        guard frame.channel > newest else { throw ProtocolViolation("channel \(frame.channel) opened again") }
        newest = frame.channel
        do {
            let request: Request
            do {
                request = try frame.json(Request.self)
            } catch {
                // A newer host may ask for what this build does not know: a refusal, and the link goes on.
                throw Refusal(
                    "this VM's guest program does not know what it was asked",
                    hint: "run `dvm sync` to update it"
                )
            }
            try request.check()
            try checkRights(request)
            guard channels.count < Self.mostChannels else {
                throw Refusal(
                    "more than \(Self.mostChannels) programs on one link",
                    hint: "wait for one of them to end"
                )
            }
            let asker: SessionSummary.Asker = rights == .host ? .host : .developer
            let channel = try Launch.channel(frame.channel, request, asker: asker, ready: &ready)
            channels[frame.channel] = channel
            for frame in channel.begun { outbox.append(frame) }
        } catch let refusal as Refusal {
            outbox.append(try Frame(.refused, channel: frame.channel, json: refusal))
        }
    }

    private func checkRights(_ request: Request) throws(Refusal) {
        guard rights == .agentSessions else { return }
        switch request {
        case .program(let program):
            // What one session may keep waiting here is root's memory.
            switch program.command {
            case .tool, .signIn: if program.outputWindow <= Credit.pipeWindow { return }
            case .loginShell, .words, .journal: break
            }
        // They look and judge, and take nothing from whoever asks.
        case .task(.doctor), .task(.selfTest): return
        // The sessions are agents', who never have more rights than this developer.
        case .attach(let attachment): if attachment.outputWindow <= Credit.pipeWindow { return }
        case .task(.sessions), .task(.sessionReport), .task(.endSession): return
        case .task: break
        }
        throw Refusal("this socket starts AI tools in their sandbox, and the checks of `dvm-guest doctor`")
    }

    // MARK: The link dies

    /// Ends what must not outlive the link.
    ///
    /// A session in the sandbox also dies with this very process (`PR_SET_PDEATHSIG`).
    private func loseLink() {
        for channel in channels.values { channel.linkLost() }
    }
}
