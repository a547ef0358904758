/// A path as the kernel has it: any bytes but NUL.
///
/// Not text: a name need not be UTF-8, and two that are one to Swift may be two to the kernel. In JSON, which has no
/// bytes, each byte is one character.
public struct RawPath: Hashable, Codable, Sendable {
    /// The bytes, without a NUL at the end.
    public var bytes: [UInt8]

    /// A path of some bytes.
    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    /// A path as a person typed it.
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// For people: bytes that are no UTF-8 as the replacement character, and nothing a terminal would act on.
    public var shown: String { String(decoding: bytes, as: UTF8.self).printable }

    /// The parts between slashes, without empty ones and dots.
    public var parts: [[UInt8]] {
        bytes.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != [UInt8(ascii: ".")] }
    }

    /// Whether it says that it means a directory's contents: it is empty, or ends with `.` or `..`.
    public var meansContents: Bool {
        let last = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: true).last
        return last.map { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) } ?? true
    }

    /// Whether it ends with a slash, as people write what must be a directory.
    public var endsWithSlash: Bool { bytes.last == UInt8(ascii: "/") }

    /// The longest path there is (`PATH_MAX` of Linux, with its NUL).
    public static let longest = 4095

    /// Refuses what no kernel could take.
    ///
    /// - Throws: a `Refusal` that quotes the path.
    public func check() throws(Refusal) {
        guard !bytes.contains(0), bytes.count <= Self.longest else {
            throw Refusal("“\(String(shown.prefix(200)))” cannot be a path: it is too long, or contains a NUL byte")
        }
    }

    /// Decodes a path, of which each character must be a byte.
    public init(from decoder: any Decoder) throws {
        bytes = []
        for scalar in try decoder.singleValueContainer().decode(String.self).unicodeScalars {
            guard scalar.value < 256 else {
                throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not a path"))
            }
            bytes.append(UInt8(scalar.value))
        }
    }

    /// Encodes the path, a character for each byte.
    public func encode(to encoder: any Encoder) throws {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
        var container = encoder.singleValueContainer()
        try container.encode(String(text))
    }
}
