import DVMProtocol
import Testing

@Suite struct `A conversation as its opener sees it` {
    private func frame(_ kind: Frame.Kind, _ payload: [UInt8] = []) -> Frame {
        Frame(kind, channel: 3, payload: payload)
    }

    @Test func `a program from start to end`() throws {
        var channel = ClientChannel(number: 3)

        #expect(channel.inputAllowance == 0)
        #expect(try channel.receive(frame(.opened)) == .opened)
        #expect(try channel.receive(frame(.inputCredit, Credit(.input, bytes: 100).payload)) == .nothing)
        #expect(channel.inputAllowance == 100)
        #expect(channel.send([1, 2, 3]) == frame(.input, [1, 2, 3]))
        #expect(channel.inputAllowance == 97)
        #expect(channel.endInput() == frame(.inputEnd))
        #expect(channel.inputAllowance == 0)
        #expect(channel.endInput() == nil)
        #expect(try channel.receive(frame(.output, [7])) == .received(.output, [7]))
        #expect(try channel.receive(frame(.errors, [8])) == .received(.errors, [8]))
        #expect(try channel.receive(frame(.exit, JSON.encode(Exit.exited(4)))) == .ended(.exit(.exited(4))))
    }

    @Test func `a session says which it is, and leaves notes before its end`() throws {
        var channel = ClientChannel(number: 3)
        let id = SessionID(seconds: 1_795_275_012, salt: 1)
        let note = SessionNote(.warning, "a hook was planted")

        #expect(try channel.receive(frame(.opened, JSON.encode(Opened(session: id)))) == .opened)
        #expect(channel.session == id)
        #expect(try channel.receive(frame(.note, JSON.encode(note))) == .noted(note))
        for _ in 1..<SessionNote.most { _ = try channel.receive(frame(.note, JSON.encode(note))) }
        #expect(throws: ProtocolViolation.self) { try channel.receive(frame(.note, JSON.encode(note))) }
    }

    @Test func `a session says what it waits for before it begins`() throws {
        var channel = ClientChannel(number: 3)
        let note = SessionNote(.notice, "waiting for another session")
        #expect(try channel.receive(frame(.note, JSON.encode(note))) == .noted(note))
        #expect(channel.isOpening)
        #expect(try channel.receive(frame(.opened)) == .opened)
        #expect(!channel.isOpening)
        #expect(try channel.receive(frame(.note, JSON.encode(note))) == .noted(note))
    }

    @Test(arguments: ["{}", #"{"session":"../../etc"}"#, "["])
    func `a session of no possible name is a violation`(payload: String) {
        var channel = ClientChannel(number: 3)
        #expect(throws: ProtocolViolation.self) { try channel.receive(frame(.opened, Array(payload.utf8))) }
    }

    @Test func `a refusal before the start`() throws {
        var channel = ClientChannel(number: 3)
        let refusal = Refusal("no such tool", hint: "install it")

        #expect(try channel.receive(frame(.refused, JSON.encode(refusal))) == .ended(.refused(refusal)))
    }

    @Test func `credit is sent for what was handed on, per stream`() throws {
        var channel = ClientChannel(number: 3, outputWindow: 100)
        _ = try channel.receive(frame(.opened))
        _ = try channel.receive(frame(.output, Array(repeating: 0, count: 60)))

        #expect(channel.handedOn(10, of: .errors) == nil)
        #expect(channel.handedOn(40, of: .output) == nil)
        #expect(channel.handedOn(20, of: .output) == frame(.outputCredit, Credit(.output, bytes: 60).payload))
    }

    @Test func `more output than was granted is a violation`() throws {
        var channel = ClientChannel(number: 3, outputWindow: 100)
        _ = try channel.receive(frame(.opened))

        #expect(throws: ProtocolViolation.self) { try channel.receive(frame(.output, Array(repeating: 0, count: 101))) }
    }

    @Test(arguments: [.output, .errors, .exit, .result, .progress, .inputCredit, .welcome] as [Frame.Kind])
    func `nothing but opened or refused may come first`(kind: Frame.Kind) {
        var channel = ClientChannel(number: 3)

        #expect(throws: ProtocolViolation.self) { try channel.receive(frame(kind)) }
    }

    @Test(arguments: [.opened, .output, .errors, .exit, .refused, .result, .progress, .inputCredit] as [Frame.Kind])
    func `nothing may come after the end`(kind: Frame.Kind) throws {
        var channel = ClientChannel(number: 3)
        _ = try channel.receive(frame(.opened))
        _ = try channel.receive(frame(.exit, JSON.encode(Exit.exited(0))))

        #expect(throws: ProtocolViolation.self) { try channel.receive(frame(kind)) }
    }

    @Test func `credit for another stream than input is a violation`() throws {
        var channel = ClientChannel(number: 3)
        _ = try channel.receive(frame(.opened))

        #expect(throws: ProtocolViolation.self) {
            try channel.receive(frame(.inputCredit, Credit(.output, bytes: 1).payload))
        }
    }
}
