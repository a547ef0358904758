import DVMProtocol
import Testing

@Suite struct `A session in words` {
    private static func session(_ change: (inout SessionSummary) -> Void = { _ in }) -> SessionSummary {
        var session = SessionSummary(
            id: SessionID(seconds: 1_795_275_012, salt: 0x9F3A),
            tool: "claude",
            words: ["/usr/bin/claude", "-p", "do\u{1B}[2Jit"],
            directory: "sub",
            asker: .host,
            detached: true,
            started: 1_795_275_012
        )
        change(&session)
        return session
    }

    static let states: [(String, SessionSummary)] = [
        ("running", session { $0.attached = false }),
        ("attached", session { $0.attached = true }),
        (
            "done",
            session {
                $0.ended = 1; $0.exit = .exited(0)
            }
        ),
        (
            "ended with 137",
            session {
                $0.ended = 1; $0.exit = .signaled(9)
            }
        ),
        (
            "not started",
            session {
                $0.ended = 1; $0.refusal = "no"
            }
        ),
        (
            "not reviewed",
            session {
                $0.ended = 1; $0.exit = .exited(0); $0.unreviewed = true
            }
        ),
        ("lost", session()),
    ]

    @Test(arguments: states)
    func `says how it stands`(state: String, session: SessionSummary) { #expect(session.state == state) }

    @Test func `keeps what it met and changed in fields, which an earlier version did not`() throws {
        var facts = SessionFacts()
        facts.limits = [.init(.tasks, times: 7), .init(.time, times: 1)]
        facts.refusedConnections = [.init(target: "a.test:80", times: 2, reason: "no")]
        facts.moreRefusedConnections = 3
        facts.refusedConnectionsAreUnknown = true
        facts.endedBySystemCall = [.init(architecture: "i386", number: 20, times: 1)]
        facts.files = .init(changed: 4, executable: 1, executables: ["run"], complete: true)
        let text = """
            {"endedBySystemCall":[{"architecture":"i386","number":20,"times":1}],\
            "files":{"changed":4,"complete":true,"executable":1,"executables":["run"]},\
            "limits":[{"kind":"tasks","times":7},{"kind":"time","times":1}],"moreRefusedConnections":3,\
            "refusedConnections":[{"reason":"no","target":"a.test:80","times":2}],\
            "refusedConnectionsAreUnknown":true,"systemCallsMayBeOthers":false}
            """
        #expect(String(decoding: try JSON.encode(facts), as: UTF8.self) == text)
        #expect(try JSON.decode(SessionFacts.self, from: Array(text.utf8)) == facts)
        facts.refusedConnectionsAreUnknown = nil
        let before = text.replacing(#""refusedConnectionsAreUnknown":true,"#, with: "")
        #expect(String(decoding: try JSON.encode(facts), as: UTF8.self) == before)

        let session = Self.session { $0.facts = facts }
        #expect(try JSON.decode(SessionSummary.self, from: JSON.encode(session)) == session)
        let earlier = String(decoding: try JSON.encode(Self.session()), as: UTF8.self)
        #expect(!earlier.contains("facts"))
        #expect(try JSON.decode(SessionSummary.self, from: Array(earlier.utf8)) == Self.session())
    }

    @Test func `brings together what its parts know`() {
        var one = SessionFacts()
        one.limits = [.init(.memory, times: 1)]
        var other = SessionFacts()
        other.files = .init(changed: 1, executable: 0, executables: [], complete: false)
        other.moreRefusedConnections = 2
        other.refusedConnectionsAreUnknown = true
        one.add(other)
        one.add(SessionFacts())
        var both = other
        both.limits = [.init(.memory, times: 1)]
        #expect(one == both)
    }

    @Test func `is shown whole, and harmless`() {
        let session = Self.session {
            $0.ended = 1_795_275_012 + 3725
            $0.exit = .exited(3)
            $0.notes = [SessionNote(.warning, "planted\u{7}")]
        }
        #expect(
            session.lines == [
                "session       20261121-153012-9f3a",
                "tool          claude",
                "command       /usr/bin/claude -p do\\u{1b}[2Jit",
                "directory     /workspace/sub",
                "asked for by  dvm on the host",
                "started       2026-11-21 15:30:12 UTC",
                "ended         2026-11-21 16:32:17 UTC, after 1 h 2 min",
                "state         ended with 3",
                "warning       planted\\u{7}",
            ]
        )
    }

    @Test(
        arguments: [
            (0, 5, "5 s"), (0, 59, "59 s"), (0, 60, "1 min"), (100, 3700, "1 h 0 min"), (0, 90_061, "1 d 1 h"),
            (10, 0, "0 s"), (Int.min, Int.max, "0 s"), (0, Int.max, "999 d 0 h"),
        ]
    )
    func `lasts as people say it`(start: Int, end: Int, text: String) {
        #expect(SessionSummary.duration(from: start, to: end) == text)
    }

    @Test func `is meant by its name or the end of it, when that is no other's`() throws {
        let ids = [0x9F3A, 0x003A, 0x1234].map { SessionID(seconds: 1_795_275_012, salt: $0) }
        let sessions = ids.map { id in Self.session { $0.id = id } }

        #expect(try SessionSummary.meant(by: "9f3a", among: sessions) == ids[0])
        #expect(try SessionSummary.meant(by: ids[1].text, among: sessions) == ids[1])
        #expect(throws: Refusal.self) { try SessionSummary.meant(by: "3a", among: sessions) }
        #expect(throws: Refusal.self) { try SessionSummary.meant(by: "", among: sessions) }
        #expect(throws: Refusal.self) { try SessionSummary.meant(by: "ffff", among: sessions) }
    }
}

@Suite struct `The key that leaves a session` {
    @Test(
        arguments: [
            ("\u{1C}", ""), ("abc\u{1C}def", "abc"), ("x\u{1B}[92;5u", "x"), ("\u{1B}[27;5;92~y", ""),
            ("\u{1B}[92;5u\u{1C}", ""),
        ]
    )
    func `is known however a terminal spells it`(typed: String, before: String) {
        #expect(DetachKey.typed(before: Array(typed.utf8)[...]) == Array(before.utf8)[...])
    }

    @Test(arguments: ["", "abc", "\u{3}", "\u{1B}[92u", "\u{1B}[92;5"])
    func `is no other key`(typed: String) { #expect(DetachKey.typed(before: Array(typed.utf8)[...]) == nil) }
}

@Suite struct `What was written to a terminal, as text` {
    @Test(
        arguments: [
            ("plain\r\n", "plain\n"), ("\u{1B}[1;31mred\u{1B}[0m", "red"), ("\u{1B}]0;title\u{7}x", "x"),
            ("\u{1B}]8;;http://a\u{1B}\\link", "link"), ("a\u{8}b", "b"), ("\u{1B}(Bx", "x"), ("\u{1B}7x", "x"),
            ("\u{1B}", ""), ("\u{1B}[", ""), ("\u{1B}[12", ""), ("\u{1B}]never ended\nnext", "\nnext"),
            ("f\u{FC}r \u{2713}", "f\u{FC}r \u{2713}"),
        ]
    )
    func `keeps the words`(written: String, text: String) {
        #expect(TerminalTranscript.text(Array(written.utf8)) == text)
    }
}
