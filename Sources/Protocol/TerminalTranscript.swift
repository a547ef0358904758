/// What was written to a terminal, as text to read: without the sequences that move, colour and clear.
public enum TerminalTranscript {
    /// The text, lines as they came; what a later line overwrote on the screen is still there.
    public static func text(_ bytes: [UInt8]) -> String {
        var kept: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            switch byte {
            case 0x1B: rest = afterSequence(rest)
            case UInt8(ascii: "\r"), 0x07: break
            case 0x08: if let last = kept.last, last != UInt8(ascii: "\n") { kept.removeLast() }
            default: kept.append(byte)
            }
        }
        return String(decoding: kept, as: UTF8.self)
    }

    /// What follows an escape sequence (ECMA-48): `[` up to a final byte, a string up to its end, or one or two bytes.
    private static func afterSequence(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let kind = bytes.first else { return bytes }
        let rest = bytes.dropFirst()
        switch kind {
        case UInt8(ascii: "["):
            return rest.drop { (0x20..<0x40).contains($0) }.dropFirst()
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            // Ended by BEL or by ESC and a backslash, which the caller takes for a sequence of its own.
            let end = rest.drop { $0 != 0x07 && $0 != 0x1B && $0 != 0x0A }
            return end.first == 0x07 ? end.dropFirst() : end
        case 0x20..<0x30:
            return rest.drop { (0x20..<0x30).contains($0) }.dropFirst()
        default:
            return rest
        }
    }
}
