import DVMProtocol
import Testing

@testable import dvm_guest

@Suite struct `A conversation, as the guest has it` {
    /// A program that is being started, with a window of 100 bytes.
    private func program(_ outputs: Set<DVMProtocol.Stream> = [.output, .errors], window: Int = 100) -> Conversation {
        Conversation(number: 7, purpose: .program, outputs: outputs, window: window)
    }

    private func running(_ outputs: Set<DVMProtocol.Stream> = [.output, .errors], window: Int = 100) -> Conversation {
        var conversation = program(outputs, window: window)
        _ = conversation.reported(Frame(.opened, channel: 0))
        _ = conversation.reportEnded()
        return conversation
    }

    private var opening: [Frame] {
        [
            Frame(.opened, channel: 7),
            Frame(.inputCredit, channel: 7, payload: [0, 0, 4, 0, 0]),
        ]
    }

    private func refusal(in frame: Frame?) throws -> Refusal? {
        guard let frame, frame.kind == .refused else { return nil }
        #expect(frame.channel == 7)
        return try frame.json(Refusal.self)
    }

    // MARK: Start

    @Test func `says that a program runs only once its report is closed`() {
        var conversation = program()

        #expect(conversation.begun() == [])
        #expect(conversation.allowance(.output) == 0)
        #expect(conversation.reported(Frame(.opened, channel: 0)) == [])
        #expect(conversation.allowance(.output) == 0)
        #expect(conversation.reportEnded() == opening)
        #expect(conversation.allowance(.output) == 100)
        // The descriptor is closed once.
        #expect(conversation.reportEnded() == [])
    }

    @Test func `does not take a closed report for a start`() {
        var conversation = program()
        #expect(conversation.reportEnded() == [])
        #expect(conversation.allowance(.output) == 0)
    }

    @Test func `tells a refusal as it was reported, and never that it runs`() throws {
        var conversation = program()
        let refusal = Refusal("no such tool", hint: "install it")
        #expect(conversation.reported(Frame(.opened, channel: 0)) == [])
        #expect(conversation.reported(try Frame(.refused, channel: 0, json: refusal)) == [])
        #expect(conversation.reportEnded() == [])
        #expect(try conversation.last() == nil)

        conversation.ended(.exited(1))
        #expect(try conversation.last() == Frame(.refused, channel: 7, json: refusal))
        // It is said once.
        #expect(try conversation.last() == nil)
    }

    @Test(arguments: [Frame.Kind.progress, .result, .exit, .output, .welcome])
    func `takes nothing else from a program's report`(kind: Frame.Kind) throws {
        var conversation = program()
        #expect(conversation.reported(Frame(kind, channel: 0, payload: Array("{}".utf8))) == [])
        conversation.ended(.exited(0))
        #expect(try conversation.last()?.kind == .refused)
    }

    @Test(
        arguments: [
            (.exited(126), "", "the program could not be started: it ended with status 126"),
            (.signaled(9), "", "the program could not be started: it ended with status 137"),
            (.exited(0), "ld.so: no libc", "the program could not be started: ld.so: no libc"),
        ] as [(Exit, String, String)]
    )
    func `explains a program that ended before it became one`(exit: Exit, text: String, message: String) throws {
        var conversation = program()
        #expect(!conversation.failedToStart)
        conversation.ended(exit)
        #expect(conversation.failedToStart)

        let refusal = try refusal(in: conversation.last(explanation: text))
        #expect(refusal == Refusal(message, hint: "`dvm doctor` shows what is wrong in the VM"))
    }

    // MARK: End

    @Test func `ends after the last byte of both streams`() throws {
        var conversation = running()
        conversation.ended(.exited(3))
        #expect(conversation.isDraining)
        #expect(!conversation.failedToStart)
        #expect(try conversation.last() == nil)

        let frame = conversation.wrote(Array("rest".utf8)[...], to: .output)
        #expect(frame == Frame(.output, channel: 7, payload: Array("rest".utf8)))
        conversation.streamEnded(.output)
        #expect(try conversation.last() == nil)
        conversation.streamEnded(.errors)
        #expect(try conversation.last() == Frame(.exit, channel: 7, json: Exit.exited(3)))
        #expect(try conversation.last() == nil)
        #expect(conversation.allowance(.output) == 0)
    }

    @Test func `does not end with its streams`() throws {
        var conversation = running()
        conversation.streamEnded(.output)
        conversation.streamEnded(.errors)
        #expect(!conversation.isDraining)
        #expect(try conversation.last() == nil)

        conversation.ended(.signaled(15))
        #expect(try conversation.last() == Frame(.exit, channel: 7, json: Exit.signaled(15)))
    }

    @Test func `of a terminal has one stream to wait for`() throws {
        var conversation = running([.output])
        #expect(conversation.allowance(.errors) == 0)
        conversation.ended(.exited(0))
        conversation.streamEnded(.output)
        #expect(try conversation.last() == Frame(.exit, channel: 7, json: Exit.exited(0)))
    }

    // MARK: Tasks

    @Test func `of a task runs at once, and keeps the result until the streams are dry`() throws {
        var conversation = Conversation(number: 7, purpose: .task, outputs: [.output, .errors], window: 100)
        #expect(conversation.begun() == opening)
        #expect(conversation.allowance(.errors) == 100)

        let step = try Frame(.progress, channel: 0, json: Progress(step: "packages"))
        #expect(conversation.reported(step) == [Frame(.progress, channel: 7, payload: step.payload)])
        #expect(conversation.reported(Frame(.result, channel: 0, payload: Array("{}".utf8))) == [])
        #expect(conversation.reportEnded() == [])
        #expect(try conversation.last() == nil)
        conversation.ended(.exited(0))
        conversation.streamEnded(.output)
        #expect(try conversation.last() == nil)
        conversation.streamEnded(.errors)
        #expect(try conversation.last() == Frame(.result, channel: 7, payload: Array("{}".utf8)))
    }

    @Test func `of a task without a result is refused, whatever its status`() throws {
        var conversation = Conversation(number: 7, purpose: .task, outputs: [], window: 100)
        conversation.ended(.exited(0))

        #expect(
            try refusal(in: conversation.last())
                == Refusal(
                    "the guest program gave up in the middle, with status 0",
                    hint: "run the same command again with DVM_VERBOSE=1"
                )
        )
    }

    // MARK: Windows

    @Test func `never reads more from a program than the host has room for`() throws {
        var conversation = running(window: 100)
        _ = conversation.wrote([UInt8](repeating: 0, count: 60)[...], to: .output)
        #expect(conversation.allowance(.output) == 40)
        #expect(conversation.allowance(.errors) == 100)
        _ = conversation.wrote([UInt8](repeating: 0, count: 40)[...], to: .output)
        #expect(conversation.allowance(.output) == 0)

        try conversation.granted(Credit(.output, bytes: 7))
        #expect(conversation.allowance(.output) == 7)
        #expect(conversation.allowance(.errors) == 100)
        try conversation.granted(Credit(.errors, bytes: 1))
        #expect(conversation.allowance(.errors) == 101)
    }

    @Test func `reads at most a frame at a time`() {
        #expect(running(window: Credit.largestWindow).allowance(.output) == Frame.largestData)
    }

    @Test(arguments: [
        Credit(.output, bytes: .max), Credit(.errors, bytes: UInt32(Credit.largestWindow)), Credit(.input, bytes: 1),
    ])
    func `refuses credit that nobody may give`(credit: Credit) {
        var conversation = running(window: 100)
        #expect(throws: ProtocolViolation.self) { try conversation.granted(credit) }
        #expect(conversation.allowance(.output) == 100)
    }

    @Test func `holds no more input than it promised`() throws {
        var conversation = running()
        try conversation.inputArrived(Conversation.inputWindow)
        #expect(throws: ProtocolViolation("more data than was granted")) { try conversation.inputArrived(1) }
    }

    @Test func `gives credit for input by halves of the window`() throws {
        var conversation = running()
        let half = Conversation.inputWindow / 2
        try conversation.inputArrived(Conversation.inputWindow)
        #expect(conversation.inputTaken(half - 1) == nil)
        #expect(
            conversation.inputTaken(1)
                == Frame(.inputCredit, channel: 7, payload: Credit(.input, bytes: UInt32(half)).payload)
        )
        try conversation.inputArrived(half)
    }

    @Test func `refuses input after its end, and a second end`() throws {
        var conversation = running()
        try conversation.inputEnded()
        #expect(throws: ProtocolViolation("input after its end")) { try conversation.inputArrived(1) }
        #expect(throws: ProtocolViolation("the end of input a second time")) { try conversation.inputEnded() }
    }

    @Test func `refuses input before it was asked for`() {
        var conversation = program()
        _ = conversation.reported(Frame(.opened, channel: 0))
        #expect(throws: ProtocolViolation("input before the program runs")) { try conversation.inputArrived(1) }
    }
}
