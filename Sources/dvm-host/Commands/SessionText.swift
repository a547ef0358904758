internal import DVMProtocol

/// The record of a session as people read it.
enum SessionText {
    /// A line for each thing known; it quotes a guest, and is harmless.
    static func lines(_ session: SessionSummary) -> [String] {
        var facts = [
            ("session", session.id.text), ("tool", session.tool), ("command", session.words.joined(separator: " ")),
            ("directory", session.directory.isEmpty ? "/workspace" : "/workspace/\(session.directory)"),
            ("asked for by", session.asker == .host ? "dvm on the host" : "the user in the VM"),
            ("started", time(session.started)),
        ]
        if let ended = session.ended {
            facts.append(("ended", "\(time(ended)), after \(SessionRow.duration(ended - session.started))"))
        }
        facts.append(("state", session.state))
        if let refusal = session.refusal { facts.append(("refused", refusal)) }
        facts += session.notes.map { ($0.weight.rawValue, $0.text) }
        let width = facts.map(\.0.count).max() ?? 0
        return facts.map { name, text in TerminalText.pad(name, to: width) + "  " + text.printable }
    }

    /// A moment in UTC, as the names of sessions have it.
    private static func time(_ seconds: Int) -> String {
        // A guest's number: from 1970 to 2100.
        let id = SessionID(seconds: max(0, min(seconds, 4_102_444_800)), salt: 0).text
        let digits = Array(id)
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return "\(part(0..<4))-\(part(4..<6))-\(part(6..<8)) \(part(9..<11)):\(part(11..<13)):\(part(13..<15)) UTC"
    }
}
