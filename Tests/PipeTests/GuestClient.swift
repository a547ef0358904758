import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

/// The host's link to a real guest program, without a VM between them.
final class GuestClient {
    let link: Link
    let vm: PretendVM
    private var channels: [UInt32: ClientChannel] = [:]
    private var newest: UInt32 = 0

    /// What became of one program.
    struct Outcome: Equatable {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var notes: [SessionNote] = []
        var ending: ClientChannel.Ending?

        var text: String { String(decoding: output, as: UTF8.self) }
        var complaint: String { String(decoding: errors, as: UTF8.self) }
    }

    init(_ vm: PretendVM, _ words: [String] = ["serve"]) throws {
        self.vm = vm
        let command = vm.command([try Products.path("dvm-guest")] + words)
        let process = try LinkProcess(
            GuestCommand(
                executable: FilePath(command[0]),
                arguments: Array(command.dropFirst()),
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
            )
        )
        link = Link(process) { _ in }
        link.send(try Frame(.hello, channel: 0, json: Hello(time: WallClock.now)))
    }

    /// The guest's answer to hello.
    func welcome() throws -> Welcome {
        while true {
            for frame in try link.turn().frames { return try frame.json(Welcome.self) }
        }
    }

    /// Opens a channel; the program may be refused later.
    func open(_ request: Request) throws -> UInt32 {
        newest += 1
        var window = Credit.pipeWindow
        if case .program(let program) = request { window = program.outputWindow }
        channels[newest] = ClientChannel(number: newest, outputWindow: window)
        link.send(try Frame(.open, channel: newest, json: request))
        return newest
    }

    /// Runs a program to its end, with input; every byte of output is taken at once.
    func run(_ program: Program, input: [UInt8] = []) throws -> Outcome {
        let number = try open(.program(program))
        return try follow(number, input: input)
    }

    /// Follows a channel until something has come to pass.
    func follow(_ number: UInt32, input: [UInt8] = [], until done: (Outcome) -> Bool = { $0.ending != nil }) throws
        -> Outcome
    {
        var outcome = Outcome()
        var rest = input[...]
        while !done(outcome) {
            while let allowance = channels[number]?.inputAllowance, allowance > 0, !rest.isEmpty {
                if let frame = channels[number]?.send(rest.prefix(allowance)) { link.send(frame) }
                rest = rest.dropFirst(allowance)
            }
            if rest.isEmpty, !input.isEmpty { channels[number]?.endInput().map(link.send) }
            for frame in try link.turn().frames {
                guard let event = try channels[frame.channel]?.receive(frame) else { continue }
                let isOurs = frame.channel == number
                switch event {
                case .received(let stream, let bytes):
                    if isOurs { if stream == .output { outcome.output += bytes } else { outcome.errors += bytes } }
                    channels[frame.channel]?.handedOn(bytes.count, of: stream).map(link.send)
                case .ended(let ending): if isOurs { outcome.ending = ending }
                case .noted(let note): if isOurs { outcome.notes.append(note) }
                case .opened, .nothing, .progress: break
                }
            }
        }
        return outcome
    }

    /// Types something, which must fit into the input window.
    func type(_ text: String, on number: UInt32) {
        if let frame = channels[number]?.send(Array(text.utf8)[...]) { link.send(frame) }
    }

    /// Which session a channel is, once it runs.
    func session(of number: UInt32) -> SessionID? { channels[number]?.session }

    /// Ends the link, and waits until the guest has noticed.
    func leave() {
        link.end()
        while (try? link.turn()) != nil {}
    }

    func endInput(of number: UInt32) { channels[number]?.endInput().map(link.send) }

    func send(_ kind: Frame.Kind, _ value: some Encodable, on number: UInt32) throws {
        link.send(try Frame(kind, channel: number, json: value))
    }
}
