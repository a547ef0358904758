internal import DVMProtocol

/// The name a person gives a snapshot.
struct SnapshotName: Hashable, Sendable, CustomStringConvertible {
    let text: String

    var description: String { text }

    /// Checks a name; QEMU also takes a number for a snapshot, so a name starts with a letter.
    ///
    /// - Throws: a `Refusal` that quotes it.
    init(_ typed: String) throws(Refusal) {
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        let allowed = (letters + "0123456789._-").utf8
        guard let first = typed.utf8.first, letters.utf8.contains(first), typed.utf8.count <= 40,
            typed.utf8.allSatisfy({ allowed.contains($0) })
        else {
            throw Refusal(
                "“\(String(typed.prefix(100)).printable)” cannot name a snapshot",
                hint: "use at most 40 letters, digits, dots, underscores and hyphens, starting with a letter"
            )
        }
        text = typed
    }
}

/// What Lima can do with a snapshot, in its words.
enum SnapshotAction: String, Hashable, Sendable {
    case create, apply, delete
}

/// A snapshot as `limactl snapshot list` shows it.
struct Snapshot: Hashable, Sendable, Encodable {
    var name: String
    /// When it was made, in the words of QEMU: `2026-11-21 15:30:00`.
    var made: String?

    /// The snapshots in QEMU's table: a line each that starts with a number, the name after it; anything else is passed
    /// over.
    static func list(_ output: String) -> [Self] {
        output.split(whereSeparator: \.isNewline).compactMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace).map(String.init)
            guard fields.count >= 2, fields[0] == "--" || Int(fields[0]) != nil else { return nil }
            let day = fields.dropFirst(2).firstIndex { $0.wholeMatch(of: /\d{4}-\d\d-\d\d/) != nil }
            let made = day.flatMap { $0 + 1 < fields.count ? "\(fields[$0]) \(fields[$0 + 1])" : nil }
            return Self(name: fields[1], made: made)
        }
    }
}
