import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Output of a VM's program` {
    /// A pipe, with what is to be read from it.
    private static func written(_ body: (FileDescriptor) throws -> Void) throws -> String {
        let (reader, writer) = try FileDescriptor.pipe()
        try body(writer)
        try writer.close()
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = try unsafe buffer.withUnsafeMutableBytes({ try unsafe reader.read(into: $0) }), count > 0
        {
            bytes += buffer[..<count]
        }
        try reader.close()
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `gives credit for what came, once what is left of it is written`() throws {
        let clipboard = Array("\u{1B}]52;c;aGk=\u{7}".utf8)
        let text = try Self.written { writer in
            var stream = OutgoingStream(to: writer, .filtered(TerminalFilter(titlePrefix: "app: ")))
            // Nothing of it is for the terminal: nobody waits for room there.
            #expect(stream.append(clipboard) == clipboard.count)
            #expect(stream.isEmpty)
            #expect(stream.append(Array("a".utf8)) == 0)
            #expect(stream.append(clipboard) == 0)
            #expect(stream.append(Array("\u{1B}]0;t\u{7}".utf8)) == 0)
            let due = try stream.flush(to: writer)
            #expect(due == 1 + clipboard.count + 6)
            #expect(stream.isEmpty)
        }
        #expect(text == "a\u{1B}]0;app: t\u{7}")
    }

    @Test func `gives credit as it is written, in parts`() throws {
        let text = try Self.written { writer in
            var stream = OutgoingStream(to: writer, .open)
            #expect(stream.append([UInt8](repeating: 0x78, count: 5000)) == 0)
            #expect(stream.append([UInt8](repeating: 0x79, count: 100)) == 0)
            var due: [Int] = []
            while !stream.isEmpty { due.append(try stream.flush(to: writer) ?? -1) }
            #expect(due == [0, 5100])
        }
        #expect(text.count == 5100)
    }

    @Test func `is not waited for on a terminal that takes nothing, and what it changed is changed back`() async {
        // In a process of its own, since a terminal that is written to may halt whoever does.
        await #expect(processExitsWith: .success) {
            var outside: Int32 = -1
            var inside: Int32 = -1
            try #require(unsafe openpty(&outside, &inside, nil, nil, nil) == 0)
            let (terminal, screen) = (FileDescriptor(rawValue: inside), FileDescriptor(rawValue: outside))
            let mouse = "\u{1B}[?1000h"
            let text = String(repeating: "x", count: 1 << 20)
            func stream() -> OutgoingStream {
                var stream = OutgoingStream(to: terminal, .filtered(TerminalFilter(titlePrefix: "app: ")))
                _ = stream.append(Array("\(mouse)\(text)\u{1B}[?1000l".utf8))
                return stream
            }
            /// As the terminal's program reads what there is, until nothing more comes.
            @Sendable func read(_ most: Int) throws -> String {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 4096)
                while bytes.count < most {
                    var ready = Readiness()
                    ready.read(screen)
                    try ready.wait(milliseconds: 1000)
                    guard ready.canRead(screen) else { break }
                    let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe screen.read(into: $0) }
                    bytes += buffer[..<count]
                }
                return String(decoding: bytes, as: UTF8.self)
            }

            var halted = stream()
            let start = ContinuousClock.now
            let hadReports = halted.end(on: terminal, within: .milliseconds(100))
            #expect(hadReports)
            #expect(ContinuousClock.now - start < .seconds(5))
            // What fitted was written before it was found halted.
            let shown = try read(.max)
            #expect(shown.hasPrefix("\(mouse)xxx"))
            #expect(!shown.contains("\u{1B}[?1000l"))

            // One that is read meanwhile gets it all, and nothing is left to change back.
            var whole = stream()
            let reader = Task.detached { try read(mouse.utf8.count * 2 + text.utf8.count) }
            let hasReports = whole.end(on: terminal, within: .seconds(60))
            #expect(!hasReports)
            let all = try await reader.value
            #expect(all == "\(mouse)\(text)\u{1B}[?1000l")
        }
    }

    @Test func `is without controls where the program has no terminal`() throws {
        let text = try Self.written { writer in
            var stream = OutgoingStream(to: writer, .harmless(TerminalBytes()))
            #expect(stream.append(Array("a\u{1B}[1mb".utf8)) == 0)
            let due = try stream.flush(to: writer)
            #expect(due == 6)
        }
        #expect(text == "a?[1mb")
    }
}
