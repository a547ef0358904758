internal import DVMProtocol

/// Columns of text under headings.
struct Table: Hashable, Sendable {
    var headings: [String]
    var rows: [[String]]

    /// The lines; none is wider than `width` where there is one.
    func draw(width: Int? = nil) -> String {
        let lines = ([headings] + rows).map { $0.map(\.printable) }
        let widths = headings.indices.map { column in
            lines.map { column < $0.count ? TerminalText.cells($0[column]) : 0 }.max() ?? 0
        }
        return lines.map { line in
            let cells = line.enumerated().map { TerminalText.pad($0.element, to: widths[$0.offset]) }
            var text = cells.joined(separator: "  ")
            while text.hasSuffix(" ") { text.removeLast() }
            return width.map { TerminalText.cut(text, to: $0) } ?? text
        }.joined(separator: "\n")
    }
}
