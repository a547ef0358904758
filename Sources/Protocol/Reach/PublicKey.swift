/// A public key of SSH without anything around it: no options, no comment.
///
/// Holding one is proof that it is safe in a line of `authorized_keys` or `known_hosts`.
public struct PublicKey: Hashable, Sendable {
    /// The kind of key, such as `ssh-ed25519`.
    public let type: String
    /// The key itself.
    public let base64: String

    /// The kinds there are; certificates are none of them.
    public static let types: Set<String> = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ]

    /// The most characters of a key; one of RSA with 16384 bits has 2800.
    public static let longest = 4096

    /// Reads a line such as `ssh-ed25519 AAAA… comment`; nothing when it is something else.
    ///
    /// A line that starts with options is something else: without them the key would open more than it was meant to.
    public init?(line: some StringProtocol) {
        let words = line.split(maxSplits: 2) { $0 == " " || $0 == "\t" }
        guard words.count >= 2, Self.types.contains(String(words[0])) else { return nil }
        let letters = words[1].utf8
        let digits = letters.prefix { $0 != UInt8(ascii: "=") }
        guard (16...Self.longest).contains(letters.count), letters.count.isMultiple(of: 4),
            letters.count - digits.count <= 2, digits.allSatisfy(\.isBase64),
            letters.dropFirst(digits.count).allSatisfy({ $0 == UInt8(ascii: "=") })
        else { return nil }
        type = String(words[0])
        base64 = String(words[1])
    }

    /// The keys in the text of an `authorized_keys` or `.pub` file, each once, in their order.
    public static func all(in text: String) -> [Self] {
        var keys: [Self] = []
        for line in text.split(whereSeparator: \.isNewline) {
            guard let key = Self(line: line), !keys.contains(key) else { continue }
            keys.append(key)
        }
        return keys
    }

    /// As files have it: `ssh-ed25519 AAAA…`.
    public var line: String { "\(type) \(base64)" }
}

extension PublicKey: Codable {
    /// Reads a key that is written as `line` gives it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let key = Self(line: text), key.line == text else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a public key")
        }
        self = key
    }

    /// Writes `line`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(line)
    }
}

extension UInt8 {
    fileprivate var isBase64: Bool {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
