import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `A guest asked more than anyone reads` {
    /// Bytes that are questions, and how many of them a guest takes before it takes no more for two seconds.
    private func taken(_ process: LinkProcess, _ bytes: [UInt8]) throws -> Int {
        let input = try #require(process.input)
        var queue = WriteQueue(for: input)
        queue.append(bytes)
        while !queue.isEmpty {
            var ready = Readiness()
            ready.write(input)
            try ready.wait(milliseconds: 2000)
            guard ready.canWrite(input) else { break }
            _ = try queue.flush(to: input)
        }
        return bytes.count - queue.count
    }

    @Test func `stops listening until it is listened to`() throws {
        let vm = try PretendVM()
        let command = vm.command([try Products.path("dvm-guest"), "serve"])
        let process = try LinkProcess(
            GuestCommand(
                executable: FilePath(command[0]),
                arguments: Array(command.dropFirst()),
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
            )
        )
        // Each is refused with its name quoted, three times as long as it was asked.
        let name = String(repeating: "\u{200B}", count: 25_000)
        var questions = try Frame(.hello, channel: 0, json: Hello(time: WallClock.now)).bytes
        for number in 1...100 as ClosedRange<UInt32> {
            let request = Request.program(Program(.tool(name: name, arguments: [])))
            try Frame(.open, channel: number, json: request).append(to: &questions)
        }
        let taken = try taken(process, questions)
        #expect(taken < questions.count / 2)

        // It is not lost: reading brings the answers, and more is taken.
        var answers = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while answers < 3 << 20 {
            answers += try unsafe buffer.withUnsafeMutableBytes { try unsafe process.output.read(into: $0) }
        }
        #expect(try self.taken(process, Array(questions[taken...])) > 0)
    }
}
