internal import DVMProtocol
internal import Glibc

/// What a session shows, in a file that asciinema plays again: asciicast, version 2.
///
/// Output and changes of size only; what people type may be a password that nothing shows.
final class Recording {
    private let file: OwnedDescriptor
    private let start = ContinuousClock.now
    private var length = 0
    /// Whether nothing more is recorded.
    private var isCut = false
    /// The first bytes of a character whose rest has not come yet.
    private var rest: [UInt8] = []

    /// A quarter of an hour of a terminal that never rests, days of a usual one; what follows is left out.
    private static let mostBytes = 16 << 20

    /// Starts the recording of a session.
    ///
    /// - Throws: a `Refusal` when there is no room for one.
    init(_ session: SessionID, _ order: SessionOrder, in log: SessionLog) throws(Refusal) {
        file = try log.new("\(session).cast")
        let size = order.terminal ?? TerminalSize(columns: 80, rows: 24)
        let header = Header(
            version: 2,
            width: size.columns,
            height: size.rows,
            timestamp: time(nil),
            title: "\(session)"
        )
        if let note = write(try JSON.encode(header)) { throw Refusal(note.text) }
    }

    private struct Header: Encodable {
        var version: Int
        var width: UInt16
        var height: UInt16
        var timestamp: Int
        var title: String
    }

    /// Takes in what was shown.
    ///
    /// - Returns: what a person should know, when the recording ends with that.
    func showed(_ bytes: [UInt8]) -> SessionNote? {
        guard !isCut else { return nil }
        rest += bytes
        let whole = rest.count - rest.unfinishedCharacter
        guard whole > 0 else { return nil }
        defer { rest.removeFirst(whole) }
        return event("o", String(decoding: rest[..<whole], as: UTF8.self))
    }

    /// Takes note of the terminal's new size.
    func resized(_ size: TerminalSize) -> SessionNote? { event("r", "\(size.columns)x\(size.rows)") }

    /// Takes note of the end of the session.
    func end() -> SessionNote? { rest.isEmpty ? nil : event("o", String(decoding: rest, as: UTF8.self)) }

    private func event(_ kind: String, _ text: String) -> SessionNote? {
        guard !isCut, let data = try? JSON.encode(text) else { return nil }
        // Microseconds, written as the format's examples are: a JSON encoder has its own idea of a time's digits.
        let microseconds = Int(start.duration(to: .now) / .microseconds(1))
        let fraction = String(microseconds % 1_000_000)
        let digits = String(repeating: "0", count: 6 - fraction.count) + fraction
        return write(Array("[\(microseconds / 1_000_000).\(digits), \"\(kind)\", ".utf8) + data + Array("]".utf8))
    }

    private func write(_ line: [UInt8]) -> SessionNote? {
        guard length + line.count < Self.mostBytes else {
            isCut = true
            return SessionNote(.notice, "the recording ends before the session: it has \(Self.mostBytes >> 20) MiB")
        }
        do {
            length += try file.raw.writeAll(line + [UInt8(ascii: "\n")])
            return nil
        } catch {
            // A full disk ends the recording and nothing else; half a line is no event.
            isCut = true
            try? file.raw.resize(to: Int64(length))
            return SessionNote(.warning, "the recording ends before the session: \(SessionLog.directory): \(error)")
        }
    }
}

extension [UInt8] {
    /// How many bytes at the end are the start of a character in UTF-8 that has not come whole.
    fileprivate var unfinishedCharacter: Int {
        for (offset, byte) in suffix(3).reversed().enumerated() where byte >= 0xC0 {
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
            return offset + 1 < length ? offset + 1 : 0
        }
        return 0
    }
}
