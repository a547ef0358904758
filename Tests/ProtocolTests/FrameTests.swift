import DVMProtocol
import TestSupport
import Testing

@Suite struct `Frames on the wire` {
    @Test func `a frame has the bytes the protocol's prose says`() {
        let frame = Frame(.output, channel: 0x0102_0304, payload: [0xAA, 0xBB])

        #expect(frame.bytes == [0x06, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 2, 0xAA, 0xBB])
    }

    @Test(
        arguments: [
            (Frame.Kind.hello, 0x01), (.welcome, 0x02), (.open, 0x03), (.opened, 0x04), (.input, 0x05), (.output, 0x06),
            (.inputEnd, 0x07), (.errors, 0x08), (.resize, 0x09), (.exit, 0x0A), (.signal, 0x0B), (.refused, 0x0C),
            (.outputCredit, 0x0D), (.inputCredit, 0x0E), (.close, 0x0F), (.progress, 0x10), (.result, 0x12),
            (.note, 0x14),
        ] as [(Frame.Kind, UInt8)]
    )
    func `a kind keeps its number, and its direction in it`(kind: Frame.Kind, number: UInt8) {
        #expect(kind.rawValue == number)
        #expect(kind.sender == (number % 2 == 1 ? .host : .guest))
    }

    @Test func `every kind is in the table above`() { #expect(Frame.Kind.allCases.count == 18) }

    @Test(arguments: Frame.Kind.allCases, [1, 2, 3, 7, 12, 13, 64, 100_000])
    func `a frame survives being cut into pieces`(kind: Frame.Kind, size: Int) throws {
        let sent = [
            Frame(kind, channel: 7, payload: Array(repeating: 42, count: 300)),
            Frame(kind, channel: .max),
            Frame(kind, channel: 0, payload: (0..<1000).map { UInt8(truncatingIfNeeded: $0) }),
        ]
        var decoder = FrameDecoder(from: kind.sender)
        var received: [Frame] = []

        for piece in sent.flatMap(\.bytes).pieces(of: size) {
            decoder.feed(piece)
            while let frame = try decoder.next() { received.append(frame) }
        }

        #expect(received == sent)
        #expect(decoder.pendingBytes == 0)
    }

    @Test func `the largest payload is taken and nothing beyond it`() throws {
        let largest = Frame(.output, channel: 1, payload: Array(repeating: 1, count: Frame.largestPayload))
        var decoder = FrameDecoder(from: .guest)
        decoder.feed(largest.bytes[...])
        #expect(try decoder.next() == largest)

        decoder.feed([0x06, 0, 0, 0, 0, 0, 0, 1, 0, 4, 0, 1])
        #expect(throws: FrameDecoder.Failure.payloadTooLarge(262_145)) { try decoder.next() }
    }

    @Test(
        arguments: [
            ([0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], FrameDecoder.Failure.unexpectedKind(0)),
            ([0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .unexpectedKind(255)),
            // The host's own kinds, sent back at it.
            ([0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .unexpectedKind(1)),
            ([0x06, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], .reservedBytesUsed),
            ([0x06, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], .payloadTooLarge(.max)),
        ] as [([UInt8], FrameDecoder.Failure)]
    )
    func `what is no frame is refused at its header, for good`(bytes: [UInt8], failure: FrameDecoder.Failure) {
        var decoder = FrameDecoder(from: .guest)
        decoder.feed(bytes[...])

        #expect(throws: failure) { try decoder.next() }
        decoder.feed(Frame(.opened, channel: 1).bytes[...])
        #expect(throws: failure) { try decoder.next() }
    }

    @Test func `a header alone is not a frame yet`() throws {
        var decoder = FrameDecoder(from: .guest)
        decoder.feed([0x06, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 1, 2, 3, 4])

        #expect(try decoder.next() == nil)
        #expect(decoder.pendingBytes == 16)
    }
}
