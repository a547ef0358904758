import DVMProtocol
import TestSupport
import Testing

@Suite struct `The decoder under a hostile sender` {
    /// 40 seeds of 25,000 inputs: a million, in parallel.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `a million random and mutated inputs never make it hold more than one frame`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let good = [
            Frame(.welcome, channel: 0, payload: Array("{\"build\":\"\"}".utf8)).bytes,
            Frame(.output, channel: 1, payload: [1, 2, 3]).bytes, Frame(.exit, channel: 1, payload: []).bytes,
            Frame(.inputCredit, channel: 2, payload: Credit(.input, bytes: 9).payload).bytes,
        ]
        var worst = 0
        for round in 0..<25_000 {
            var bytes = round % 3 == 0 ? noise(&random) : good[Int(random.next() % 4)] + good[Int(random.next() % 4)]
            if round % 3 == 2 {
                for _ in 0...Int(random.next() % 4) {
                    bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            var decoder = FrameDecoder(from: .guest)
            let cut = Int(random.next() % UInt64(bytes.count + 1))
            for piece in [bytes[..<cut], bytes[cut...]] {
                decoder.feed(piece)
                // Frames are finite and so is the input: each turn must use some of it up, or fail, or ask for more.
                var turns = 0
                while let _ = try? decoder.next() { turns += 1 }
                worst = max(worst, decoder.pendingBytes - bytes.count, turns - bytes.count / Frame.headerSize)
            }
        }
        #expect(worst <= 0)
    }

    @Test func `a frame announced large and sent slowly holds no more than was sent`() throws {
        var decoder = FrameDecoder(from: .guest)
        decoder.feed([0x06, 0, 0, 0, 0, 0, 0, 1, 0, 4, 0, 0])
        for _ in 0..<100 {
            decoder.feed([1])
            #expect(try decoder.next() == nil)
        }
        #expect(decoder.pendingBytes == Frame.headerSize + 100)
    }

    private func noise(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<(1 + Int(random.next() % 8)) {
            unsafe withUnsafeBytes(of: random.next()) { unsafe bytes.append(contentsOf: $0) }
        }
        // Half of it begins like a frame, to get past the first check.
        if bytes[0] & 1 == 0 {
            bytes.replaceSubrange(0..<4, with: [[0x06, 0x0E, 0x02][Int(random.next() % 3)], 0, 0, 0])
        }
        return bytes
    }
}
