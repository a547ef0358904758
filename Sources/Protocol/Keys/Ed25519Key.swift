/// An Ed25519 public key as OpenSSH writes it in a line: proved to be one, whoever sent it.
public struct Ed25519Key: Hashable, Sendable {
    /// The key's bytes in base64: its type's name and 32 bytes, each after its length.
    public let base64: String
    /// What it is called; letters, digits and `@._-` only.
    public let comment: String

    /// The line.
    public var line: String { "ssh-ed25519 \(base64)\(comment.isEmpty ? "" : " \(comment)")" }

    /// Reads a line.
    ///
    /// - Throws: a `Refusal` when it is anything but such a key.
    public init(_ line: String) throws(Refusal) {
        let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        // 51 bytes: the length of the name, the name, the length of the key; the last 32 are any.
        let head = "AAAAC3NzaC1lZDI1NTE5AAAAI"
        let comment = words.count == 3 ? words[2] : ""
        guard (2...3).contains(words.count), words[0] == "ssh-ed25519", words[1].utf8.count == 68,
            words[1].hasPrefix(head), words[1].utf8.allSatisfy(Self.isBase64), comment.utf8.count <= 100,
            comment.utf8.allSatisfy(Self.isPlain)
        else { throw Refusal("“\(String(line.prefix(120)).printable)” is no public key of the kind dvm makes") }
        base64 = String(words[1])
        self.comment = String(comment)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool { Ascii.isLetter(byte) || Ascii.isDigit(byte) }

    private static func isBase64(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
    }

    private static func isPlain(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "@._-".utf8.contains(byte) }
}

extension Ed25519Key: Codable {
    /// Decodes a key, which is checked: it may come from a stranger.
    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    /// Encodes it as its line.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(line)
    }
}
