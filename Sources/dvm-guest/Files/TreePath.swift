/// A path inside a project as the kernel has it: any bytes but NUL, relative, without `.` and `..`.
///
/// Not text: a name need not be UTF-8, and two that are one to Swift may be two to the kernel.
struct TreePath: Hashable, Comparable, Codable, CustomStringConvertible {
    /// The parts, outermost first; none is the project itself.
    private(set) var parts: [[UInt8]]

    /// The project itself.
    static let top = Self(parts: [])

    private init(parts: [[UInt8]]) { self.parts = parts }

    /// A path that is written in the source.
    init(_ text: String) { parts = text.utf8.split(separator: UInt8(ascii: "/")).map(Array.init) }

    /// The path in some bytes; `nil` when it is absolute or climbs.
    ///
    /// One that is longer than the kernel takes at once is one all the same: a project may have it, and it is told.
    init?(checking bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard !bytes.contains(0) else { return nil }
        guard !bytes.isEmpty else {
            self = .top
            return
        }
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
        guard parts.allSatisfy(Self.isName) else { return nil }
        self.parts = parts
    }

    /// Whether bytes can name an entry of a directory.
    static func isName(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty && bytes.count <= 255 && bytes != [UInt8(ascii: ".")]
            && bytes != [UInt8(ascii: "."), UInt8(ascii: ".")]
    }

    /// Whether the kernel takes it: 4096 bytes with the one that ends it.
    var isReachable: Bool { bytes.count < 4096 }

    /// The path, or as much of its beginning as a report has room for.
    func shortened(to most: Int) -> Self {
        guard bytes.count > most else { return self }
        var room = most
        let kept = parts.prefix { part in
            room -= part.count + 1
            return room > 0
        }
        return Self(parts: Array(kept)).appending("…")
    }

    /// The path that a text relative to this directory means, as far as it stays inside the project.
    func resolving(_ text: some Collection<UInt8>) -> Self? {
        var parts = parts
        for part in Array(text).split(separator: UInt8(ascii: "/")).map(Array.init) {
            switch part {
            case [UInt8(ascii: ".")]: continue
            case [UInt8(ascii: "."), UInt8(ascii: ".")]:
                guard !parts.isEmpty else { return nil }
                parts.removeLast()
            default: parts.append(part)
            }
        }
        return Self(parts: parts)
    }

    /// This path and a name below it.
    func appending(_ name: [UInt8]) -> Self { Self(parts: parts + [name]) }

    func appending(_ name: String) -> Self { Self(parts: parts + Self(name).parts) }

    /// The last part; empty for the project itself.
    var name: [UInt8] { parts.last ?? [] }

    /// The directory it is in; the project's is the project.
    var parent: Self { Self(parts: Array(parts.dropLast())) }

    /// The directories above it inside the project, outermost first, without the project itself.
    var ancestors: [Self] { parts.indices.dropFirst().map { Self(parts: Array(parts[..<$0])) } }

    /// Whether it is another path or below that.
    func isAtOrBelow(_ other: Self) -> Bool { parts.starts(with: other.parts) }

    /// As the kernel wants it, with the NUL at its end; the project itself is a dot.
    var cString: [CChar] {
        (parts.isEmpty ? [UInt8(ascii: ".")] : bytes).map(CChar.init(bitPattern:)) + [0]
    }

    /// For people: bytes that are no UTF-8 as the replacement character.
    var description: String { parts.isEmpty ? "." : String(decoding: bytes, as: UTF8.self) }

    /// The parts with slashes between them; nothing for the project itself.
    private var bytes: [UInt8] { Array(parts.joined(separator: [UInt8(ascii: "/")])) }

    /// By parts, so that a directory comes before what is in it.
    static func < (one: Self, other: Self) -> Bool {
        one.parts.lexicographicallyPrecedes(other.parts) { $0.lexicographicallyPrecedes($1) }
    }

    /// Decodes a path, which is checked again: it may come from a stranger.
    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let bytes = Latin.bytes(text), let path = Self(checking: bytes) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not a path"))
        }
        self = path
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Latin.text(bytes))
    }
}

/// Bytes as text without loss, a byte to a character: JSON has no bytes.
enum Latin {
    static func text(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
        return String(text)
    }

    /// `nil` when a character is no byte.
    static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard scalar.value < 256 else { return nil }
            bytes.append(UInt8(scalar.value))
        }
        return bytes
    }
}
