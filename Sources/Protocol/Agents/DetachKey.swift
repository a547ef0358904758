/// The key that leaves a session without ending it: Ctrl-\, as in dtach and abduco.
///
/// A single key, so that no other has to wait for what follows it; hardly any program has a use for it.
public enum DetachKey {
    /// The key as a terminal sends it: plainly, in the protocol of kitty, and as xterm does with modifyOtherKeys.
    ///
    /// A program may have switched the terminal to either.
    private static let spellings: [[UInt8]] = [
        [0x1C], Array("\u{1B}[92;5u".utf8), Array("\u{1B}[27;5;92~".utf8),
    ]

    /// What was typed before the key; nothing when it was not typed.
    public static func typed(before bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        spellings.compactMap { bytes.firstRange(of: $0)?.lowerBound }.min().map { bytes[..<$0] }
    }

    /// What undoes the settings of a terminal that programs usually change and that the shell after them does not expect.
    ///
    /// In this order: no mouse, no reports of focus, no marks around what is pasted, plain keys, the usual screen, a
    /// visible cursor, plain text.
    public static let afterwards: [UInt8] = Array(
        ("\u{1B}[?1000l\u{1B}[?1002l\u{1B}[?1003l\u{1B}[?1006l\u{1B}[?1004l\u{1B}[?2004l\u{1B}[<u\u{1B}[>4;0m"
            + "\u{1B}[?1l\u{1B}[?1049l\u{1B}[?25h\u{1B}[0m\r\n").utf8
    )
}
