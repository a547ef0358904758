import DVMProtocol
import Testing

@testable import dvm_guest

@Suite struct `What a session is made of` {
    @Test(
        arguments: [
            // Memory of the VM, of all its agents, and of a session that asks for 3 GiB.
            (1 << 30, 512 << 20, 512 << 20), (4 << 30, (4 << 30) - (4 << 30) / 5, 3 << 30),
            (512 << 20, 256 << 20, 256 << 20), (64 << 30, (64 << 30) - (64 << 30) / 5, 3 << 30),
        ]
    )
    func `leaves the VM room`(memory: Int, agents: Int, session: Int) {
        let size = VMSize(memory: memory, tasks: 30_000)
        var limits = SessionLimits()
        limits.memory = 3 << 30

        #expect(size.agentMemory == agents)
        #expect(size.complete(limits).memory == session)
        #expect(size.complete(SessionLimits()).memory == agents)
        #expect(size.complete(SessionLimits()).tasks == 4096)
        #expect(VMSize(memory: memory, tasks: 1000).complete(SessionLimits()).tasks == 500)
    }

    @Test func `keeps the end of what it showed, from the start of a line`() {
        var scrollback = Scrollback()
        scrollback.append(Array("few\n".utf8))
        #expect(Array(scrollback.contents) == Array("few\n".utf8))

        let line = Array(String(repeating: "x", count: 99).utf8) + [10]
        for _ in 0..<40_000 { scrollback.append(line) }
        #expect(scrollback.contents.count <= Scrollback.size)
        #expect(scrollback.contents.count > Scrollback.size - 200)
        #expect(Array(scrollback.contents.prefix(100)) == line)
    }

    @Test func `records a long prompt as its beginning`() {
        let long = String(repeating: "p", count: 10_000)
        let kept = SessionSummary.shortened(["claude", "-p", long, "after"])

        #expect(kept.prefix(2) == ["claude", "-p"])
        #expect(kept[2].hasPrefix("ppp") && kept[2].hasSuffix("…") && kept[2].count < 4100)
        #expect(kept.last == "…")
        #expect(SessionSummary.shortened(["a", "b"]) == ["a", "b"])
    }

    @Test func `whoever comes back has windows of their own`() throws {
        var talk = Conversation(number: 1, purpose: .program, outputs: [.output], window: 65_536)
        _ = talk.reported(Frame(.opened, channel: 0))
        _ = talk.reportEnded()
        _ = talk.wrote(Array(repeating: 0, count: 65_536)[...], to: .output)
        #expect(talk.allowance(.output) == 0)
        try talk.inputArrived(1000)

        talk.left()
        // Nobody is there to wait for.
        #expect(talk.allowance(.output) == Frame.largestData)
        _ = talk.wrote(Array(repeating: 0, count: 65_536)[...], to: .output)

        let frames = talk.joined(window: 10, inputWaiting: 1000)
        #expect(frames.map(\.kind) == [.opened, .inputCredit])
        #expect(try Credit(payload: frames[1].payload).bytes == UInt32(Conversation.inputWindow - 1000))
        #expect(talk.allowance(.output) == 10)
        #expect(throws: ProtocolViolation.self) { try talk.inputArrived(Conversation.inputWindow) }
    }

    @Test func `a conversation nobody listens to is over with its program`() throws {
        var talk = Conversation(number: 1, purpose: .program, outputs: [.output], window: 65_536)
        _ = talk.reported(Frame(.opened, channel: 0))
        _ = talk.reportEnded()
        talk.ended(.signaled(9))
        #expect(try talk.last() == nil)
        talk.abandoned()
        #expect(try talk.last()?.kind == .exit)
    }

    @Test(
        arguments: [
            "\u{1B}[c", "\u{1B}[>c", "\u{1B}[6n", "\u{1B}[?6n", "\u{1B}[?u", "\u{1B}[>0q", "\u{1B}[?2026$p",
            "\u{1B}[14t",
            "\u{1B}]11;?\u{7}", "\u{1B}]52;c;?\u{1B}\\", "\u{1B}P+q544e\u{1B}\\", "\u{1B}P$qm\u{1B}\\",
        ]
    )
    func `asks a terminal nothing a second time`(question: String) {
        #expect(Questions.removed(from: Array("a\(question)b".utf8)[...]) == Array("ab".utf8))
    }

    @Test(
        arguments: [
            "", "plain", "\u{1B}[1;31mred\u{1B}[0m", "\u{1B}[?1049h", "\u{1B}[2 q", "\u{1B}[>1u", "\u{1B}[u",
            "\u{1B}[22;0t",
            "\u{1B}[!p", "\u{1B}]0;what?\u{7}", "\u{1B}]11;#000\u{7}", "\u{1B}c", "\u{1B}", "\u{1B}[", "\u{1B}]0;x",
            "\u{1B}(B",
            "\u{1B}]0;x\u{1B}", "für ✓\u{1B}[K",
        ]
    )
    func `shows everything else as it was`(text: String) {
        #expect(Questions.removed(from: Array(text.utf8)[...]) == Array(text.utf8))
    }
}
