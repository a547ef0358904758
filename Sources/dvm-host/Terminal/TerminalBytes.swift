/// What a stranger wrote into a pipe, on its way to a terminal: the bytes it would act on become question marks.
///
/// Byte for byte, so that credit counts the same before and after.
struct TerminalBytes: Hashable, Sendable {
    /// The last two bytes, the newer one last: what a byte means is up to those before it.
    private var before: (UInt8, UInt8) = (0, 0)

    static func == (a: Self, b: Self) -> Bool { a.before == b.before }
    func hash(into hasher: inout Hasher) { hasher.combine(before.1) }

    /// The bytes without C0, DEL, C1 in UTF-8, and what ends lines or reorders text in Unicode; tabs and the ends of
    /// lines stay.
    mutating func harmless(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { byte in
            defer { before = (before.1, byte) }
            return switch (before.0, before.1, byte) {
            case (_, _, UInt8(ascii: "\t")), (_, _, UInt8(ascii: "\n")), (_, _, UInt8(ascii: "\r")): byte
            case (_, _, 0..<0x20), (_, _, 0x7F): UInt8(ascii: "?")
            // The bytes before it have no meaning without it: U+0080 to U+009F;
            case (_, 0xC2, 0x80..<0xA0): UInt8(ascii: "?")
            // marks of direction, separators of lines and paragraphs, U+202A to U+202E;
            case (0xE2, 0x80, 0x8E...0x8F), (0xE2, 0x80, 0xA8...0xAE): UInt8(ascii: "?")
            // and U+2066 to U+2069 (CVE-2021-42574).
            case (0xE2, 0x81, 0xA6...0xA9): UInt8(ascii: "?")
            default: byte
            }
        }
    }
}
