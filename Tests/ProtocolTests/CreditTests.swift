import DVMProtocol
import Testing

@Suite struct `Flow control by credit` {
    @Test func `a sender may send what it was granted and no more`() throws {
        var window = SendWindow(10)
        window.spend(4)
        #expect(window.available == 6)
        try window.grant(5)
        #expect(window.available == 11)
    }

    @Test func `a grant beyond the largest window is a violation`() throws {
        var window = SendWindow(0)
        try window.grant(UInt32(Credit.largestWindow))
        #expect(throws: ProtocolViolation.self) { try window.grant(1) }
        #expect(throws: ProtocolViolation.self) { try window.grant(.max) }
    }

    @Test func `a receiver grants again when half of its window was handed on`() throws {
        var window = ReceiveWindow(100)
        try window.received(100)
        #expect(window.handedOn(49) == nil)
        #expect(window.handedOn(1) == 50)
        try window.received(50)
        #expect(throws: ProtocolViolation.self) { try window.received(1) }
        #expect(window.handedOn(100) == 100)
    }

    @Test(arguments: [[], [0], [9, 0, 0, 0, 1], [1, 0, 0, 0, 1, 0]] as [[UInt8]])
    func `what is no credit is a violation`(payload: [UInt8]) {
        #expect(throws: ProtocolViolation.self) { try Credit(payload: payload) }
    }

    @Test(arguments: Stream.allCases)
    func `a credit survives the wire`(stream: Stream) throws {
        #expect(try Credit(payload: Credit(stream, bytes: 0xDEAD_BEEF).payload) == Credit(stream, bytes: 0xDEAD_BEEF))
    }
}
