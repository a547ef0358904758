/// The end of what a session has shown, for whoever comes later.
struct Scrollback {
    /// How much is kept: some thousand lines of a terminal.
    static let size = 1 << 20

    private var bytes: [UInt8] = []
    private var isCut = false

    /// Takes in what was shown.
    mutating func append(_ more: [UInt8]) {
        bytes += more
        // Seldom, since everything kept is moved.
        if bytes.count > 2 * Self.size { cut() }
    }

    /// What is kept; it starts with a line, since a sequence for a terminal that is cut in the middle is text.
    var contents: ArraySlice<UInt8> {
        guard isCut || bytes.count > Self.size else { return bytes[...] }
        let kept = bytes.suffix(Self.size)
        guard let end = kept.firstIndex(of: UInt8(ascii: "\n")) else { return kept }
        return kept[(end + 1)...]
    }

    private mutating func cut() {
        bytes.removeFirst(bytes.count - Self.size)
        isCut = true
    }
}
