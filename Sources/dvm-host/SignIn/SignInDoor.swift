internal import DVMProtocol

/// A port of this computer at which a browser brings the answer of one sign-in, in one VM, once.
///
/// It opens before the tool starts, since it may be taken. It takes no answer any more once the tool took one, when too
/// many came that were none, and after a time; and it is ours all the same until the tool or the link has ended: the
/// tool may wait still, and whoever took the port over would be brought the answer. Which port that is says the tool's
/// description; nothing a VM says opens one.
final class SignInDoor {
    /// How long it takes answers once the tool runs: time to find a password, not to forget the terminal.
    static let patience = Duration.seconds(15 * 60)
    /// Browsers open a few connections at once, some without a use for them.
    static let mostConnections = 16
    /// More than any browser makes for one sign-in.
    static let mostVisits = 256
    /// Answers that are handed on: a tool may refuse the first ones, since everybody here can make some up.
    static let mostAnswers = 8

    private let tool: String
    private let vm: String
    private let callback: Tool.SignIn.Callback
    private let patience: Duration
    private var listeners: [FileDescriptor]
    private var connections: [BrowserConnection] = []
    private var visits = 0
    private var answers = 0
    /// Whether nothing that comes now is handed on: everybody is told that it is over.
    private var isOver = false
    private var session: SessionID?
    private var closing: ContinuousClock.Instant?
    /// When to wait no longer for what becomes of an answer, once the tool has ended.
    private var leaving: ContinuousClock.Instant?

    /// Conversations about answers, by their channel; with whoever waits for what becomes of it.
    private var handing: [UInt32: (channel: ClientChannel, visitor: BrowserConnection)] = [:]
    /// The numbers of those, and of what was there before.
    private var first: UInt32 = 0
    private(set) var newest: UInt32 = 0
    /// What to tell the person when the terminal is theirs again.
    private(set) var notes: [String] = []

    /// Opens the port, on this computer's loopback only.
    ///
    /// - Throws: a `Refusal` when it is taken.
    init(
        for tool: String,
        in vm: String,
        at callback: Tool.SignIn.Callback,
        patience: Duration = SignInDoor.patience
    ) throws(Refusal) {
        self.patience = patience
        self.tool = tool
        self.vm = vm
        self.callback = callback
        listeners = try Self.listeners(at: callback.port, or: "dvm ai login --device \(tool) \(vm)")
    }

    deinit { close() }

    /// Both addresses a browser may take `localhost` for: whoever had the other one would get the answer.
    private static func listeners(at port: UInt16, or other: String) throws(Refusal) -> [FileDescriptor] {
        var made: [FileDescriptor] = []
        for address in ["127.0.0.1", "::1"] {
            do throws(Errno) {
                let listener = try LocalPort.open(at: address, port: port, waiting: 16)
                LocalPort.makeOurs(listener)
                made.append(listener)
            } catch {
                // A computer without IPv6 has no such address, and nobody else can have it.
                if address == "::1", error != .addressInUse { continue }
                for listener in made { try? listener.close() }
                let why = error == .addressInUse ? "something listens there already" : "\(error)"
                throw Refusal(
                    "the browser cannot come back to port \(port) of this computer: \(why)",
                    hint: "end what listens there, such as another sign-in, or sign in with a code: `\(other)`"
                )
            }
        }
        return made
    }

    /// What to tell the person before it begins.
    var announcement: [String] {
        [
            "\(tool) shows an address: open it in a browser on this computer, which then comes back to port "
                + "\(callback.port) here; it takes one answer, within \(patience.components.seconds / 60) minutes",
            "a browser on another computer cannot come back: then press Ctrl-C and use `dvm ai login --device \(tool) \(vm)`",
        ]
    }

    // MARK: The conversation it belongs to

    /// Takes note of the channel of the sign-in itself; its own are numbered from there on.
    func begin(above channel: UInt32) {
        first = channel + 1
        newest = channel
    }

    /// Takes note that the tool runs.
    func opened(_ session: SessionID?) {
        self.session = session
        closing = .now + patience
    }

    /// Takes note that the tool has ended: nothing new begins, and what is on its way has a moment.
    func toolEnded() {
        if leaving == nil { leaving = .now + .seconds(5) }
        isOver = true
        closeListeners()
    }

    /// Whether nobody waits for anything any more.
    var isSettled: Bool { handing.isEmpty || leaving.map { $0 <= .now } ?? false }

    /// Closes everything.
    func close() {
        closeListeners()
        connections = []
    }

    private func closeListeners() {
        for listener in listeners { try? listener.close() }
        listeners = []
    }

    // MARK: The loop

    /// How many milliseconds to wait at most.
    var milliseconds: Int? {
        let ends = connections.filter { $0.phase != .waiting }.map(\.deadline) + [closing, leaving].compactMap(\.self)
        guard let end = ends.min() else { return nil }
        return max(0, Int((ContinuousClock.now.duration(to: end) / .milliseconds(1)).rounded(.up)))
    }

    /// Adds what it waits for.
    func register(in ready: inout Readiness) {
        if isOpen { for listener in listeners { ready.read(listener) } }
        for connection in connections { connection.register(in: &ready) }
    }

    /// Nobody is let in before there is a session to lead to.
    private var isOpen: Bool { session != nil && connections.count < Self.mostConnections }

    /// Does what can be done now.
    func advance(_ ready: Readiness, _ link: Link) throws(ProtocolViolation) {
        if isOpen { for listener in listeners where ready.canRead(listener) { accept(from: listener) } }
        for connection in connections {
            switch connection.advance(ready, for: callback) {
            case .incomplete: break
            case .answer(let query): try handOn(query, of: connection, link)
            case .other(let status): connection.tell(isOver ? .over : .refusal(status))
            }
        }
        connections.removeAll { $0.phase == .over }
        if let closing, closing <= .now {
            end("nobody came back from the browser within \(patience.components.seconds / 60) minutes")
        }
        if isOver { closing = nil }
    }

    /// Hands nothing on any more, and says why when it has not served.
    private func end(_ reason: String? = nil) {
        guard !isOver else { return }
        isOver = true
        if let reason { notes.append("\(reason), so port \(callback.port) took no answer any more") }
    }

    private func accept(from listener: FileDescriptor) {
        guard let socket = LocalPort.connection(from: listener) else { return }
        connections.append(BrowserConnection(socket))
        visits += 1
        if visits >= Self.mostVisits { end("\(Self.mostVisits) connections came") }
    }

    private func handOn(_ query: String, of visitor: BrowserConnection, _ link: Link) throws(ProtocolViolation) {
        guard let session, answers < Self.mostAnswers, !isOver,
            let frame = try? Frame(
                .open,
                channel: newest + 1,
                json: Request.task(.answerSignIn(SignInAnswer(session: session, query: query)))
            )
        else { return visitor.tell(.over) }
        answers += 1
        newest += 1
        handing[newest] = (ClientChannel(number: newest), visitor)
        link.send(frame)
    }

    /// Takes in a frame of one of its conversations.
    ///
    /// - Returns: whether it was one.
    func receive(_ frame: Frame, _ link: Link) throws(ProtocolViolation) -> Bool {
        guard frame.channel >= first, frame.channel <= newest, first > 0 else { return false }
        // What comes late for one that is over.
        guard var conversation = handing[frame.channel] else { return true }
        let event = try conversation.channel.receive(frame)
        if case .opened = event { conversation.channel.endInput().map(link.send) }
        if case .received(let stream, let bytes) = event {
            conversation.channel.handedOn(bytes.count, of: stream).map(link.send)
        }
        handing[frame.channel] = conversation
        if case .ended(let ending) = event {
            handing[frame.channel] = nil
            settle(ending, conversation.visitor)
        }
        return true
    }

    private func settle(_ ending: ClientChannel.Ending, _ visitor: BrowserConnection) {
        if case .result(let bytes) = ending, let outcome = try? JSON.decode(SignInOutcome.self, from: bytes),
            outcome.isTaken
        {
            visitor.tell(.handedOn(to: tool, in: vm))
            return end()
        }
        visitor.tell(.notTaken(by: tool, in: vm))
        if case .refused(let refusal) = ending {
            notes.append("\(vm) says: \(refusal.message.printable)")
        }
        if answers >= Self.mostAnswers { end("\(tool) took none of \(Self.mostAnswers) answers") }
    }
}
