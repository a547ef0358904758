/// How far a transfer has come, as a line shows it.
///
/// Pure: it is told the time.
struct TransferBar: Hashable, Sendable {
    /// Bytes there are to move; nothing when nobody knows.
    var total: UInt64?
    /// Bytes moved so far.
    private(set) var done: UInt64 = 0
    /// The last two moments the rate was measured from, in seconds: an old stall or burst is forgotten.
    private var older = Mark(), newer = Mark()

    private struct Mark: Hashable {
        var seconds = 0.0
        var done: UInt64 = 0
    }

    private static let period = 5.0
    private static let cells = 20

    init(total: UInt64?) { self.total = total }

    /// Takes note of bytes that were moved, so many seconds after the start.
    mutating func moved(_ bytes: Int, at seconds: Double) {
        done += UInt64(max(0, bytes))
        guard seconds - newer.seconds >= Self.period else { return }
        older = newer
        newer = Mark(seconds: seconds, done: done)
    }

    /// Bytes in a second, of late; nothing while there is little to tell it from.
    func rate(at seconds: Double) -> Double? {
        guard seconds - older.seconds >= 0.2, done > older.done else { return nil }
        return Double(done - older.done) / (seconds - older.seconds)
    }

    /// The line, such as `█████░░░░░ 50 % of 20.0 MB, 5.0 MB/s, 2 s left`.
    func text(at seconds: Double) -> String {
        let rate = rate(at: seconds)
        var parts: [String] = []
        guard let total, total > 0 else {
            parts = [Self.size(done)]
            if let rate { parts.append("\(Self.size(UInt64(rate)))/s") }
            return parts.joined(separator: ", ")
        }
        // More than was announced is still only all of it.
        let share = min(1, Double(done) / Double(total))
        let full = Int(share * Double(Self.cells))
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: Self.cells - full)
        parts = ["\(bar) \(Int(share * 100)) % of \(Self.size(total))"]
        if let rate {
            parts.append("\(Self.size(UInt64(rate)))/s")
            let left = Double(total - min(done, total)) / rate
            if left < 100 * 3600 { parts.append("\(Self.time(Int(left.rounded(.up)))) left") }
        }
        return parts.joined(separator: ", ")
    }

    private static func time(_ seconds: Int) -> String {
        seconds < 3600 ? ProgressLine.time(seconds) : "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    }

    /// An amount of bytes in a few characters, such as `12.3 MB`.
    static func size(_ bytes: UInt64) -> String {
        guard bytes >= 1000 else { return "\(bytes) B" }
        var value = Double(bytes)
        for unit in ["kB", "MB", "GB", "TB", "PB"] {
            value /= 1000
            // Rounded up to a thousand it is one of the next unit.
            let tenths = Int((value * 10).rounded())
            if tenths < 10_000 { return "\(tenths / 10).\(tenths % 10) \(unit)" }
        }
        return "\(Int(value)) PB"
    }
}
