internal import DVMProtocol

/// What a program prints, cut into lines as it comes and made harmless.
struct OutputLines: Hashable, Sendable {
    /// What has no end yet.
    private var unfinished: [UInt8] = []

    /// The most bytes of a line: what is longer is broken.
    private static let longest = 4096

    /// The lines that some more bytes complete; those that say nothing left out.
    mutating func take(_ bytes: some Sequence<UInt8>) -> [String] {
        unfinished += bytes
        var lines: [String] = []
        var rest = unfinished[...]
        while true {
            guard let end = rest.prefix(Self.longest).firstIndex(where: Self.endsLine) else {
                guard rest.count > Self.longest else { break }
                lines.append(Self.harmless(rest.prefix(Self.longest)))
                rest = rest.dropFirst(Self.longest)
                continue
            }
            lines.append(Self.harmless(rest[..<end]))
            rest = rest[(end + 1)...]
        }
        unfinished = Array(rest)
        return lines.filter { !$0.isEmpty }
    }

    /// The last line that some more bytes complete, without the trouble of making all of them.
    ///
    /// A program that prints a gigabyte costs little more than reading it.
    mutating func last(of bytes: some Sequence<UInt8>) -> String? {
        let bytes = Array(bytes)
        // Two lines of the greatest length: the last one that is complete is among them.
        guard bytes.count > 2 * Self.longest else { return take(bytes).last }
        unfinished = []
        return take(bytes.suffix(2 * Self.longest)).last
    }

    /// A program that shows how far it is writes over its own line.
    private static func endsLine(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    /// A line without the sequences that move, colour and clear, and with whatever else a terminal would act on shown.
    static func harmless(_ bytes: ArraySlice<UInt8>) -> String {
        // A tab takes as many cells as it likes.
        var text = TerminalTranscript.text(bytes.map { $0 == UInt8(ascii: "\t") ? UInt8(ascii: " ") : $0 }).printable
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
