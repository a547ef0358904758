/// What programs ask of a terminal, in what they wrote to it (ECMA-48 and xterm's control sequences).
///
/// Shown a second time, a question would be answered a second time, and the answer typed into a program that does not
/// expect it.
enum Questions {
    /// The bytes without the questions among them.
    static func removed(from bytes: ArraySlice<UInt8>) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var rest = bytes
        while let escape = rest.firstIndex(of: 0x1B) {
            kept += rest[..<escape]
            let end = sequenceEnd(rest[escape...])
            if !isQuestion(rest[escape..<end]) { kept += rest[escape..<end] }
            rest = rest[end...]
        }
        return kept + rest
    }

    /// Where a sequence ends that starts with ESC: after the final byte of a control sequence, after the end of a string.
    private static func sequenceEnd(_ bytes: ArraySlice<UInt8>) -> Int {
        let inside = bytes.dropFirst(2)
        switch bytes.dropFirst().first {
        case UInt8(ascii: "["):
            return inside.firstIndex { !(0x20..<0x40).contains($0) }.map { $0 + 1 } ?? bytes.endIndex
        case UInt8(ascii: "]"), UInt8(ascii: "P"):
            guard let end = inside.firstIndex(where: { $0 == 0x07 || $0 == 0x1B }) else { return bytes.endIndex }
            // ESC \\ ends it too, and is two bytes.
            return min(bytes.endIndex, inside[end] == 0x07 ? end + 1 : end + 2)
        default:
            return bytes.index(bytes.startIndex, offsetBy: 1)
        }
    }

    private static func isQuestion(_ sequence: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: sequence.dropFirst(), as: UTF8.self)
        guard let last = text.unicodeScalars.last else { return false }
        if text.hasPrefix("[") {
            switch last {
            // What it is, where the cursor is, how a mode stands.
            case "c", "n": return true
            case "p": return text.contains("$")
            // Which version it is, and which keys it reports; without a mark before them these set something.
            case "q": return text.hasPrefix("[>")
            case "u": return text.hasPrefix("[?")
            // Sizes and titles: 11 and up ask, 22 and 23 keep and bring back a title.
            case "t":
                return ["11", "13", "14", "15", "16", "18", "19", "20", "21"].contains { text.hasPrefix("[\($0)") }
            default: return false
            }
        }
        // A colour or the clipboard, asked for by a question mark; a setting or capability by its name.
        if text.hasPrefix("]") { return text.contains(";?") }
        return text.hasPrefix("P+q") || text.hasPrefix("P$q")
    }
}
