internal import DVMProtocol

/// Passes questions about names on to whoever resolves names for this VM.
///
/// A question and its answer are not looked into: with the uplink `open`, names say nothing that a connection could not.
final class NameForwarder {
    private final class Question {
        let socket: OwnedDescriptor
        let asker: Endpoint
        let bytes: [UInt8]
        let deadline = ContinuousClock.now + patience
        var place: Int?

        init(_ socket: consuming OwnedDescriptor, asker: Endpoint, bytes: [UInt8]) {
            self.socket = socket
            self.asker = asker
            self.bytes = bytes
        }
    }

    private let listener: OwnedDescriptor
    private var resolvers: [IPAddress]
    private var questions: [Question] = []
    private var place: Int?

    init(listener: consuming OwnedDescriptor, resolvers: [IPAddress]) {
        self.listener = listener
        self.resolvers = resolvers
    }

    /// More at once are lost, and asked again by whoever needs the answer.
    private static let most = 128
    private static let patience: Duration = .seconds(5)
    /// The head of a message; its first two bytes say to which question an answer belongs (RFC 1035, 4.1.1).
    private static let leastMessage = 12
    private static let largestMessage = 4096

    /// Whether there are questions whose time runs out.
    var isTimed: Bool { !questions.isEmpty }

    /// Whom to ask over a stream: who is asked now.
    var resolver: Endpoint { Endpoint(resolvers.first ?? .loopback, 53) }

    /// Says what it waits for.
    func interests(_ poll: inout PollSet) {
        place = poll.add(listener.raw, .read)
        for question in questions { question.place = poll.add(question.socket.raw, .read) }
    }

    /// Passes on what there is.
    func advance(_ poll: PollSet, now: ContinuousClock.Instant, _ buffer: inout [UInt8]) {
        questions.removeAll { question in
            if poll.found(question.place) {
                answer(question, &buffer)
                return true
            }
            guard now > question.deadline else { return false }
            fail(question)
            return true
        }
        guard poll.found(place) else { return }
        for _ in 0..<32 {
            guard let (bytes, from) = Sockets.receive(listener.raw, into: &buffer) else { return }
            ask(bytes, from)
        }
    }

    private func ask(_ bytes: [UInt8], _ asker: Endpoint) {
        guard (Self.leastMessage...Self.largestMessage).contains(bytes.count), questions.count < Self.most else {
            return
        }
        let resolver = resolver
        guard let socket = try? Sockets.datagrams(to: resolver) else { return rotate() }
        Sockets.send(bytes, on: socket.raw)
        questions.append(Question(socket, asker: asker, bytes: bytes))
    }

    private func answer(_ question: Question, _ buffer: inout [UInt8]) {
        guard let (bytes, _) = Sockets.receive(question.socket.raw, into: &buffer) else { return fail(question) }
        guard bytes.count >= Self.leastMessage, bytes.starts(with: question.bytes[..<2]) else { return }
        Sockets.send(bytes, on: listener.raw, to: question.asker)
    }

    /// Tells the asker that there is no answer, which lets it fail at once.
    ///
    /// Who does not answer is asked last from now on.
    private func fail(_ question: Question) {
        // The question as a response (RFC 1035, 4.1.1), with the code for a server that failed.
        var bytes = question.bytes
        bytes[2] |= 0x80
        bytes[3] = bytes[3] & 0xF0 | 2
        Sockets.send(bytes, on: listener.raw, to: question.asker)
        rotate()
    }

    private func rotate() { resolvers = Array(resolvers.dropFirst() + resolvers.prefix(1)) }
}
