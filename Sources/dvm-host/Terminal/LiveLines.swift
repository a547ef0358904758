internal import DVMProtocol

/// Lines at the lower end of a terminal that are drawn again and again, below everything that stays.
///
/// A value that says what to write; it knows the screen only by what it had written before.
struct LiveLines: Hashable, Sendable {
    /// A line, which never holds anything a terminal would act on.
    struct Line: Hashable, Sendable {
        var text: String
        /// Whether it is less important than what is around it.
        var isDim = false
    }

    /// The cells of each line as it stands on the screen.
    private var drawn: [Int] = []

    /// What brings these lines to the screen in the place of those before, below some lines that stay.
    ///
    /// The size is the terminal's as it is now; it may have been another when the last lines were drawn.
    mutating func draw(_ lines: [Line], below kept: [String] = [], on size: TerminalSize) -> String {
        let width = max(1, Int(size.columns))
        var text = ""
        if !drawn.isEmpty {
            // A line that was drawn on a wider screen takes several rows of this one.
            let rows = drawn.reduce(0) { $0 + max(1, ($1 + width - 1) / width) }
            text += "\r"
            if rows > 1 { text += "\u{1B}[\(rows - 1)A" }
        }
        // Each line over the one before, and only then what is left of that: erased first, the screen would flicker.
        for line in kept { text += "\(line)\u{1B}[K\n" }
        // The uppermost row stays with what is above: a region as high as the screen cannot be gone back over.
        let lines = Self.fitting(lines, rows: max(1, Int(size.rows) - 1), width: width)
        text += lines.map { $0.drawn + "\u{1B}[K" }.joined(separator: "\n")
        if !drawn.isEmpty || !kept.isEmpty { text += "\u{1B}[J" }
        drawn = lines.map { TerminalText.cells($0.text) }
        return text
    }

    /// The lines that have room, the others counted.
    private static func fitting(_ lines: [Line], rows: Int, width: Int) -> [Line] {
        // One cell stays free: some terminals move to the next line when the last one is filled.
        let room = max(1, width - 1)
        var lines = lines
        if lines.count > rows {
            let hidden = lines.count - (rows - 1)
            lines = lines.prefix(rows - 1) + [Line(text: "… \(hidden) more lines", isDim: true)]
        }
        return lines.map { Line(text: TerminalText.cut($0.text, to: room), isDim: $0.isDim) }
    }
}

extension LiveLines.Line {
    /// The line with the sequences that make it dim, where it is (ECMA-48, SGR 2 and 22).
    fileprivate var drawn: String { isDim ? "\u{1B}[2m\(text)\u{1B}[22m" : text }
}
