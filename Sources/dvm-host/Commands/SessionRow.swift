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
                    SessionSummary.duration(from: session.started, to: session.ended ?? Int(now)),
                    session.words.dropFirst().joined(separator: " "),
                ]
            }
        )
    }
}
