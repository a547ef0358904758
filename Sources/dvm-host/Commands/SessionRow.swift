internal import DVMProtocol

/// A session in a list.
struct SessionRow: Hashable, Sendable, Encodable {
    var vm: String
    var session: SessionSummary

    static func table(_ rows: [Self], now: Double) -> Table {
        Table(
            headings: ["SESSION", "VM", "TOOL", "STATE", "FOR", "ARGUMENTS"],
            rows: rows.map { row in
                let session = row.session
                return [
                    session.id.text, row.vm, session.tool, session.state,
                    duration((session.ended ?? Int(now)) - session.started),
                    session.words.dropFirst().joined(separator: " "),
                ]
            }
        )
    }

    /// A span of time as people say it, in its two largest units.
    static func duration(_ seconds: Int) -> String {
        // A guest's numbers, and two clocks.
        let seconds = max(0, min(seconds, 999 * 86400))
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min"
        case ..<86400: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: "\(seconds / 86400) d \(seconds % 86400 / 3600) h"
        }
    }
}

extension SessionSummary {
    /// How it stands, in a few words.
    var state: String {
        if let exit { return exit == .exited(0) ? "done" : "ended with \(exit.status)" }
        if refusal != nil { return "not started" }
        // Only what runs says whether somebody is attached; a start without an end is left by a VM that was stopped.
        guard let attached else { return ended == nil ? "lost with the VM" : "ended" }
        return attached ? "attached" : "running"
    }

    /// The one session that a person means by its name, or by the end of it.
    ///
    /// - Throws: a `Refusal` when there is none or more than one.
    static func meant(by text: String, among sessions: [Self], of vm: MachineName) throws(Refusal) -> SessionID {
        let ids = Set(sessions.map(\.id)).filter { $0.text == text || (!text.isEmpty && $0.text.hasSuffix(text)) }
            .sorted()
        guard let first = ids.first else {
            throw Refusal(
                "there is no session “\(text)” in \(vm.text)",
                hint: "`dvm sessions \(vm.text) --all` lists them"
            )
        }
        guard ids.count == 1 else {
            throw Refusal(
                "“\(text)” may mean \(ids.count) sessions",
                hint: "name one of \(ids.prefix(5).map(\.text).joined(separator: ", "))"
            )
        }
        return first
    }
}
