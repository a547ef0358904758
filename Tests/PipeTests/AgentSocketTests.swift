import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

/// The other end of the agents' socket, as the kernel says it is: a process of a user.
///
/// Used in exit tests only, since it changes the user of the whole process for a moment.
private final class SocketClient {
    private let socket: FileDescriptor
    private let vm: PretendVM
    private var scanner: GreetingScanner? = GreetingScanner()
    private var decoder = FrameDecoder(from: .guest)
    private var waiting: [Frame] = []
    private var newest: UInt32 = 0

    init(peer: UInt32, greets: Bool = true) throws {
        vm = try PretendVM()
        var ends: [Int32] = [-1, -1]
        // The kernel notes who makes the socket, which for a connection is who connects.
        seteuid(peer)
        let made = unsafe Glibc.socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
        seteuid(0)
        try #require(made == 0)
        socket = FileDescriptor(rawValue: ends[0])
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        var settings = SpawnSettings()
        settings.place(FileDescriptor(rawValue: ends[1]), at: 0)
        settings.place(FileDescriptor(rawValue: ends[1]), at: 1)
        let words = vm.command([try Products.path("dvm-guest"), "serve", "--agent-sessions"])
        let pid = try settings.spawn(FilePath(words[0]), words, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        try #require(pid > 1)
        close(ends[1])
        if greets { try send(Frame(.hello, channel: 0, json: Hello(time: 0))) }
    }

    private func send(_ frame: Frame) throws { try socket.writeAll(frame.bytes) }

    /// The next frame; nothing once the guest has closed the link.
    func frame() throws -> Frame? {
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        while true {
            if let frame = try decoder.next() { return frame }
            let count = (try? unsafe buffer.withUnsafeMutableBytes { try unsafe socket.read(into: $0) }) ?? 0
            guard count > 0 else { return nil }
            guard var scanner else {
                decoder.feed(buffer[..<count])
                continue
            }
            if case .greeted(_, let rest) = scanner.feed(buffer[..<count]) {
                self.scanner = nil
                decoder.feed(rest[...])
            } else {
                self.scanner = scanner
            }
        }
    }

    /// Asks for something and follows it to its end.
    func ask(_ request: Request) throws -> (output: String, ending: ClientChannel.Ending?) {
        newest += 1
        try send(Frame(.open, channel: newest, json: request))
        var channel = ClientChannel(number: newest)
        var output = ""
        while let frame = try frame() {
            switch try channel.receive(frame) {
            case .received(_, let bytes): output += String(decoding: bytes, as: UTF8.self)
            case .ended(let ending): return (output, ending)
            default: break
            }
        }
        return (output, nil)
    }
}

private func expectClosed(to peer: UInt32) throws {
    let frame = try SocketClient(peer: peer).frame()
    #expect(frame == nil)
}

@Suite struct `The agents' socket, over a socket pair` {
    @Test func `starts tools and the checks for the developer, and nothing else`() async {
        await #expect(processExitsWith: .success) {
            let client = try SocketClient(peer: 64_101)
            let welcome = try #require(try client.frame()).json(Welcome.self)
            // A wrong clock in the hello is not followed.
            #expect(welcome.clockStep == nil)

            let id = Request.program(Program(.tool(name: "shell", arguments: ["-c", "id -u"])))
            #expect(try client.ask(id).output == "64102\n")
            let refusal = ClientChannel.Ending.refused(
                Refusal("this socket starts AI tools in their sandbox, and the checks of `dvm-guest doctor`")
            )
            for request in [
                Request.program(Program(.words(["id"]))), .program(Program(.loginShell)), .task(.work),
                .task(.provision(Provision(hostName: "app", user: "developer", codeDirectory: "~/code/app"))),
                .task(.unit(SetUpStage.unit("touch /run/dvm/ran"))), .task(.unitRecords), .task(.settle(Settle())),
                .task(.clone(Repository(address: "git@example.org:x"))),
                .task(.answerSignIn(SignInAnswer(session: SessionID(seconds: 0, salt: 0), query: "code=x"))),
                .program(Program(.journal(JournalQuery(unit: "ssh")))),
            ] {
                let answer = try client.ask(request)
                #expect(answer.ending == refusal)
                #expect(answer.output == "")
            }
            guard case .result(let report) = try client.ask(.task(.doctor)).ending else {
                Issue.record("the checks were refused")
                return
            }
            #expect(try !JSON.decode(DoctorReport.self, from: report).checks.isEmpty)
            // Refusals end nothing but what was refused.
            #expect(try client.ask(id).output == "64102\n")
        }
    }

    @Test func `does not wait for ever for those who say nothing`() async {
        await #expect(processExitsWith: .success) {
            let start = ContinuousClock.now
            let frame = try SocketClient(peer: 64_101, greets: false).frame()
            #expect(frame == nil)
            #expect(ContinuousClock.now - start > .seconds(5))
        }
    }

    @Test func `is closed to root`() async {
        await #expect(processExitsWith: .success) { try expectClosed(to: 0) }
    }

    @Test func `is closed to the agent`() async {
        await #expect(processExitsWith: .success) { try expectClosed(to: 64_102) }
    }

    @Test func `is closed to anybody else`() async {
        await #expect(processExitsWith: .success) { try expectClosed(to: 64_103) }
    }
}
