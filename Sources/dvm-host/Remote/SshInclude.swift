internal import DVMProtocol

/// The one line in a person's `~/.ssh/config` by which ssh finds dvm's entries.
struct SshInclude: Hashable, Sendable {
    let line: String

    private static let start = "Include \""
    private static let end = "/dvm/*/ssh_config\""

    /// The line for some files of entries.
    ///
    /// - Throws: a `Refusal` for a directory whose name means something to ssh.
    init(_ pattern: String) throws(Refusal) {
        let directory = String(pattern.dropLast("/*/ssh_config".count))
        // Older programs of ssh do not know %% there, and none a quoted star.
        guard !directory.contains(where: { "*?[]{}%$".contains($0) }) else {
            throw Refusal(
                "ssh cannot be told of “\(directory.printable)”: some characters in it mean something to ssh",
                hint: "set DVM_STATE_DIR to a directory without any of *?[]{}%$ in its name"
            )
        }
        line = "Include \(try SshWord.quoted(FilePath(pattern)))"
    }

    /// Whether ssh would read it for every host: only what begins a block or is none of ssh's words stands above it.
    func isIn(_ file: [UInt8]) -> Bool {
        for line in file.split(separator: Self.newline) {
            let text = Self.text(line)
            if text == self.line { return true }
            let word = text.prefix { $0.isLetter }.lowercased()
            if word == "host" || word == "match" { return false }
        }
        return false
    }

    /// The file with the line at its very top; everything else stays as it is, byte for byte.
    func added(to file: [UInt8]) -> [UInt8] { Array("\(line)\n".utf8) + removed(from: file) }

    /// The file without the line, and without those for dvm's usual directory in another place; everything else stays
    /// as it is.
    func removed(from file: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var rest = file[...]
        while !rest.isEmpty {
            let next = rest.firstIndex(of: Self.newline).map { $0 + 1 } ?? rest.endIndex
            let line = rest[..<next]
            let text = Self.text(line)
            let isOurs = text == self.line || text.hasPrefix(Self.start) && text.hasSuffix(Self.end)
            if !isOurs { kept += line }
            rest = rest[next...]
        }
        return kept
    }

    private static let newline = UInt8(ascii: "\n")

    /// A line without the spaces around it.
    private static func text(_ line: ArraySlice<UInt8>) -> String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (9...13).contains(byte) }
        return String(decoding: line.drop(while: isSpace).reversed().drop(while: isSpace).reversed(), as: UTF8.self)
    }
}
