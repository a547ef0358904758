import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `A guest and an uneasy host` {
    @Test func `a host of another protocol hears who answers before the link ends`() throws {
        let vm = try PretendVM()
        let command = vm.command([try Products.path("dvm-guest"), "serve"])
        let process = try LinkProcess(
            GuestCommand(executable: FilePath(command[0]), arguments: Array(command.dropFirst()), environment: [:])
        )
        let link = Link(process) { _ in }
        let versions = ProtocolVersion.Span(oldest: .init(rawValue: 7), newest: .init(rawValue: 9))
        link.send(try Frame(.hello, channel: 0, json: Hello(versions: versions, time: WallClock.now)))

        var frames: [Frame] = []
        var failure: Link.Failure?
        while failure == nil {
            do { frames += try link.turn().frames } catch { failure = error as? Link.Failure }
        }
        #expect(try frames.map { try $0.json(Welcome.self).versions } == [ProtocolVersion.spoken])
        guard case .lost(let complaint) = failure else {
            Issue.record("another end: \(String(describing: failure))")
            return
        }
        #expect(complaint.contains("this dvm speaks protocol 7–9, the guest program in the VM speaks 1"))
    }

    /// The processor time a process has used, in hundredths of a second.
    private func ticks(of pid: Int) throws -> Int {
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        return try #require(Int(fields[12])) + #require(Int(fields[13]))
    }

    @Test func `a person who holds the output back costs no time when the program has ended`() throws {
        let client = try GuestClient(PretendVM())
        _ = try client.welcome()
        // What is over the window waits in the terminal; the program does not have to.
        let window = Frame.largestData
        let script = "printf '%7d' $PPID; head -c \(window - 7 + 2000) /dev/zero | tr '\\0' x"
        let terminal = Program.Terminal(name: "xterm", size: TerminalSize(columns: 80, rows: 24))
        let program = Program(.words(["/bin/sh", "-c", script]), terminal: terminal, outputWindow: window)
        client.link.send(try Frame(.open, channel: 1, json: Request.program(program)))
        var channel = ClientChannel(number: 1, outputWindow: window)
        var output: [UInt8] = []
        var ending: ClientChannel.Ending?
        func turn() throws {
            for frame in try client.link.turn().frames {
                switch try channel.receive(frame) {
                case .received(_, let bytes): output += bytes
                case .ended(let end): ending = end
                default: break
                }
            }
        }
        while output.count < window { try turn() }
        let serve = try #require(
            Int(String(decoding: output.prefix(7), as: UTF8.self).filter { $0 != " " })
        )
        usleep(500_000)
        let before = try ticks(of: serve)
        usleep(1_000_000)
        #expect(try ticks(of: serve) - before < 30)

        channel.handedOn(window, of: .output).map(client.link.send)
        while ending == nil { try turn() }
        #expect(output.count == window + 2000)
        #expect(ending == .exit(.exited(0)))
    }

    @Test func `more ends of input than one end the link`() throws {
        let client = try GuestClient(PretendVM())
        _ = try client.welcome()
        let channel = try client.open(.program(Program(.words(["/bin/sh", "-c", "echo ready; sleep 100"]))))
        _ = try client.follow(channel) { $0.text.contains("ready") }
        for _ in 0..<2 { client.link.send(Frame(.inputEnd, channel: channel)) }
        #expect(throws: Link.Failure.self) { while true { _ = try client.link.turn() } }
    }

    @Test func `more programs than anyone needs are refused one by one`() throws {
        let client = try GuestClient(PretendVM())
        var channels: [UInt32] = []
        channels.append(try client.open(.program(Program(.words(["/bin/sh", "-c", "echo ready; cat"])))))
        // One that is killed before it runs is refused instead.
        _ = try client.follow(channels[0]) { $0.text.contains("ready") }
        for _ in 1..<64 { channels.append(try client.open(.program(Program(.words(["cat"]))))) }
        let outcome = try client.run(Program(.words(["true"])))
        #expect(
            outcome.ending
                == .refused(Refusal("more than 64 programs on one link", hint: "wait for one of them to end"))
        )
        client.link.send(Frame(.close, channel: channels[0]))
        #expect(try client.follow(channels[0]).ending == .exit(.signaled(9)))
        #expect(try client.run(Program(.words(["true"]))).ending == .exit(.exited(0)))
    }
}
