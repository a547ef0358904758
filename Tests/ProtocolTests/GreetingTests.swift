import DVMProtocol
import TestSupport
import Testing

@Suite struct `Finding the guest's greeting` {
    private static let noises: [String] = [
        "", "Welcome!\n", "no line feed", "\ndvm-guest link 3f6d", "\n\n\ndvm-guest\n",
    ]

    @Test(arguments: noises, [1, 2, 5, 33, 1000])
    func `what a profile prints first is skipped, however it arrives`(noise: String, size: Int) {
        var scanner = GreetingScanner()
        var outcome = GreetingScanner.Outcome.waiting
        var rest: [UInt8] = []
        let stream = Array(noise.utf8) + GreetingScanner.line + [1, 2, 3]

        for piece in stream.pieces(of: size) {
            if case .greeted = outcome {
                rest += piece
            } else {
                outcome = scanner.feed(piece)
                if case .greeted(_, let first) = outcome { rest = first }
            }
        }

        guard case .greeted(let skipped, _) = outcome else {
            Issue.record("the greeting was not found after “\(noise)”")
            return
        }
        #expect(String(decoding: skipped, as: UTF8.self) == noise)
        #expect(rest == [1, 2, 3])
    }

    @Test func `noise without an end is given up`() {
        var scanner = GreetingScanner()
        let noise = Array(repeating: UInt8(ascii: "y"), count: GreetingScanner.mostNoise)

        #expect(scanner.feed(noise[...]) == .waiting)
        #expect(scanner.feed([0x79]) == .tooNoisy)
    }

    @Test func `the greeting has the bytes the protocol's prose says`() {
        #expect(String(decoding: GreetingScanner.line, as: UTF8.self) == "\ndvm-guest link 3f6d0b7c91e24a58\n")
    }
}
