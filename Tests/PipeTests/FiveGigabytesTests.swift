import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// Takes its time, and is part of `make test` only.
@Suite struct `Five gigabytes` {
    /// A field of `/proc/self/status`, in bytes.
    private static func memory(_ field: String, in status: String) throws -> Int {
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(field + ":") })
        return try #require(Int(line.split(whereSeparator: \.isWhitespace)[1])) * 1024
    }

    private static func ownMemory(_ field: String) throws -> Int {
        try memory(field, in: String(contentsOfFile: "/proc/self/status", encoding: .utf8))
    }

    private static func areEqual(_ bytes: [UInt8], _ expected: [UInt8], from start: Int) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe expected.withUnsafeBytes { expected in
                guard let found = bytes.baseAddress, let wanted = expected.baseAddress else {
                    return unsafe bytes.isEmpty
                }
                return unsafe memcmp(found, wanted + start, bytes.count) == 0
            }
        }
    }

    // In a process of its own, whose memory is nobody else's.
    @Test(.timeLimit(.minutes(10)))
    func `arrive bit for bit, with bounded memory on both sides`() async {
        await #expect(processExitsWith: .success) {
            let total = 5_000_000_000
            // A prime, so that no piece begins where another one did.
            let letters = (0..<996).map { (index: Int) -> UInt8 in UInt8(33 + index * 7 % 94) }
            let line = String(decoding: letters, as: UTF8.self)
            let script = "yes \"$0\" | head -c \(total); cat /proc/$PPID/status >&2"
            let client = try GuestClient(PretendVM())
            _ = try client.welcome()
            let before = try Self.ownMemory("VmRSS")
            let program = Program(.words(["/bin/sh", "-c", script, line]))
            client.link.send(try Frame(.open, channel: 1, json: Request.program(program)))

            let unit = Array(line.utf8) + [10]
            try #require(unit.count == 997)
            let expected = (0..<(Frame.largestData / 997 + 2)).flatMap { _ in unit }
            var channel = ClientChannel(number: 1)
            var received = 0
            var complaint: [UInt8] = []
            var ending: ClientChannel.Ending?
            while ending == nil {
                for frame in try client.link.turn().frames {
                    switch try channel.receive(frame) {
                    case .received(.output, let bytes):
                        try #require(
                            Self.areEqual(bytes, expected, from: received % 997),
                            "another byte after \(received)"
                        )
                        received += bytes.count
                        channel.handedOn(bytes.count, of: .output).map(client.link.send)
                    case .received(_, let bytes):
                        complaint += bytes
                    case .ended(let end):
                        ending = end
                    default: break
                    }
                }
            }
            #expect(received == total)
            #expect(ending == .exit(.exited(0)))
            #expect(try Self.memory("VmHWM", in: String(decoding: complaint, as: UTF8.self)) <= 32 << 20)
            #expect(try Self.ownMemory("VmHWM") - before <= 64 << 20)
        }
    }
}
