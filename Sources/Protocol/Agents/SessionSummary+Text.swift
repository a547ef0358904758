extension SessionSummary {
    /// How it stands, in a few words.
    public var state: String {
        if unreviewed == true { return "not reviewed" }
        if let exit { return exit == .exited(0) ? "done" : "ended with \(exit.status)" }
        if refusal != nil { return "not started" }
        // Only what runs says whether somebody is attached; a start without an end is left by a VM that was stopped, or
        // when what watched over it was killed.
        guard let attached else { return ended == nil ? "lost" : "ended" }
        return attached ? "attached" : "running"
    }

    /// The one session that a person means by its name, or by the end of it.
    ///
    /// - Throws: a `Refusal` when there is none or more than one.
    public static func meant(by text: String, among sessions: [Self]) throws(Refusal) -> SessionID {
        let ids = Set(sessions.map(\.id)).filter { $0.text == text || (!text.isEmpty && $0.text.hasSuffix(text)) }
            .sorted()
        guard let first = ids.first else {
            throw Refusal(
                "there is no session “\(text.printable)” in this VM",
                hint: "`dvm sessions --all` lists them"
            )
        }
        guard ids.count == 1 else {
            throw Refusal(
                "“\(text.printable)” may mean \(ids.count) sessions",
                hint: "name one of \(ids.prefix(5).map(\.text).joined(separator: ", "))"
            )
        }
        return first
    }

    /// A span of time as people say it, in its two largest units.
    public static func duration(from start: Int, to end: Int) -> String {
        // A guest's numbers, and two clocks.
        let (span, overflow) = end.subtractingReportingOverflow(start)
        let seconds = overflow ? 0 : max(0, min(span, 999 * 86400))
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min"
        case ..<86400: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: "\(seconds / 86400) d \(seconds % 86400 / 3600) h"
        }
    }

    /// The record as people read it: a line for each thing known, harmless on a terminal.
    public var lines: [String] {
        var facts = [
            ("session", id.text), ("tool", tool), ("command", words.joined(separator: " ")),
            ("directory", directory.isEmpty ? "/workspace" : "/workspace/\(directory)"),
            ("asked for by", asker == .host ? "dvm on the host" : "the user in the VM"),
            ("started", Self.time(started)),
        ]
        if let ended {
            facts.append(("ended", "\(Self.time(ended)), after \(Self.duration(from: started, to: ended))"))
        }
        facts.append(("state", state))
        if let refusal { facts.append(("refused", refusal)) }
        facts += notes.map { ($0.weight.rawValue, $0.text) }
        let width = facts.map(\.0.count).max() ?? 0
        return facts.map { name, text in
            name + String(repeating: " ", count: width - name.count + 2) + text.printable
        }
    }

    /// A moment in UTC, as the names of sessions have it.
    private static func time(_ seconds: Int) -> String {
        // A guest's number: from 1970 to 2100.
        let digits = Array(SessionID(seconds: max(0, min(seconds, 4_102_444_800)), salt: 0).text)
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return "\(part(0..<4))-\(part(4..<6))-\(part(6..<8)) \(part(9..<11)):\(part(11..<13)):\(part(13..<15)) UTC"
    }
}
