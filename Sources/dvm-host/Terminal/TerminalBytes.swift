/// What a stranger wrote into a pipe, on its way to a terminal: the bytes it would act on become question marks.
///
/// Byte for byte, so that credit counts the same before and after.
struct TerminalBytes: Hashable, Sendable {
    /// Whether the last byte was the first of a character that may be one of C1.
    private var mayBeControl = false

    /// The bytes without C0, DEL and C1 in UTF-8; tabs and the ends of lines stay.
    mutating func harmless(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { byte in
            defer { mayBeControl = byte == 0xC2 }
            return switch byte {
            case UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): byte
            case 0..<0x20, 0x7F: UInt8(ascii: "?")
            // The byte before it has no meaning without it.
            case 0x80..<0xA0 where mayBeControl: UInt8(ascii: "?")
            default: byte
            }
        }
    }
}
