public import DVMProtocol

/// As much of a terminal as is written to: lines, and the sequences that live lines use.
public struct Screen {
    /// How large it is.
    public let size: TerminalSize
    /// What was written where.
    public private(set) var rows: [[Character]] = [[]]
    private var row = 0
    private var column = 0
    /// Set by anything else than those sequences.
    public private(set) var strange: [String] = []

    /// An empty one.
    public init(columns: UInt16 = 40, rows: UInt16 = 10) { size = TerminalSize(columns: columns, rows: rows) }

    /// What can be read, lines without blanks at their ends and without those that are empty at the end.
    public var text: [String] {
        var lines = rows.map { row in
            var line = String(row)
            while line.last == " " { line.removeLast() }
            return line
        }
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    /// The same lines on another screen, each broken anew where it does not fit, as most terminals do it.
    public func resized(columns: UInt16) -> Self {
        var screen = Self(columns: columns, rows: size.rows)
        for (index, line) in rows.enumerated() {
            if index > 0 { screen.write("\n") }
            screen.write(String(line))
        }
        return screen
    }

    /// Writes as a program does.
    public mutating func write(_ text: String) {
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case "\n": moveDown(); column = 0
            case "\r": column = 0
            case "\u{1B}": sequence(&rest)
            default: put(character)
            }
        }
    }

    private mutating func put(_ character: Character) {
        if column >= Int(size.columns) {
            moveDown()
            column = 0
        }
        while rows[row].count <= column { rows[row].append(" ") }
        rows[row][column] = character
        column += 1
    }

    private mutating func moveDown() {
        row += 1
        if row == rows.count { rows.append([]) }
    }

    private mutating func sequence(_ rest: inout Substring) {
        guard rest.popFirst() == "[" else { return strange.append("not CSI") }
        let number = rest.prefix { $0.isNumber || $0 == "?" }
        rest = rest.dropFirst(number.count)
        switch (String(number), rest.popFirst()) {
        case (let count, "A"):
            let count = Int(count) ?? 1
            // What has scrolled away cannot be gone back to.
            if count > Int(size.rows) - 1 { strange.append("up \(count)") }
            row = max(0, row - count)
        case ("", "K"): rows[row] = Array(rows[row].prefix(column))
        case ("", "J"):
            rows[row] = Array(rows[row].prefix(column))
            rows.removeSubrange((row + 1)...)
        case ("2", "m"), ("22", "m"), ("?25", "l"), ("?25", "h"): break
        case (let number, let kind): strange.append("CSI \(number)\(kind.map(String.init) ?? "")")
        }
    }
}
