/// A path inside a project: relative, without `.` and `..`, never the project itself.
public struct ProjectPath: Hashable, Codable, Sendable, CustomStringConvertible {
    /// Its parts, outermost first; at least one.
    public let parts: [String]

    /// Reads `dir/file`; a `/` at its end is ignored.
    ///
    /// - Throws: a `Refusal` that quotes the path.
    public init(_ text: String) throws(Refusal) {
        let trimmed = text.hasSuffix("/") ? text.dropLast() : text[...]
        let parts = trimmed.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let plain = parts.allSatisfy { !["", ".", ".."].contains($0) && $0.utf8.count <= 255 }
        guard plain, text.utf8.count <= 1024, text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            throw Refusal(
                "“\(text.printable)” is not a path inside the project",
                hint: "write it relative to the project, such as .envrc or tools/deploy, without . and .."
            )
        }
        self.parts = parts
    }

    /// Decodes a path, which is checked again: it may come from a stranger.
    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Encodes the path as its text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// As `DVM_AI_PROTECT` has it.
    public var description: String { parts.joined(separator: "/") }
}
