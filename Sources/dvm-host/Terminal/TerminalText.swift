internal import DVMProtocol

/// How much room text takes on a terminal.
enum TerminalText {
    /// The cells a text takes; it holds nothing a terminal would act on.
    static func cells(_ text: String) -> Int { text.reduce(0) { $0 + cells($1) } }

    /// The start of a text that fits into some cells, with an ellipsis where it was cut.
    static func cut(_ text: String, to width: Int) -> String {
        guard cells(text) > width else { return text }
        var kept = ""
        var room = width - 1
        for character in text {
            room -= cells(character)
            guard room >= 0 else { break }
            kept.append(character)
        }
        return width > 0 ? "\(kept)…" : ""
    }

    /// The text and as many spaces as it takes to fill some cells.
    static func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - cells(text)))
    }

    /// The cells of a character, rather too many than too few: terminals disagree about what is put together of several.
    private static func cells(_ character: Character) -> Int {
        max(1, character.unicodeScalars.reduce(0) { $0 + cells($1) })
    }

    private static func cells(_ scalar: Unicode.Scalar) -> Int {
        // Asks for the coloured picture, which is wide, of a character that is narrow without it.
        guard scalar.value != 0xFE0F else { return 1 }
        return switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: 0
        default: scalar.properties.isEmojiPresentation || wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    /// The blocks of characters that take two cells, after EastAsianWidth.txt; emoji are known by their property.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,
        0x1F200...0x1F265, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]
}
