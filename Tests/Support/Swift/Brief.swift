/// A text that may be long, as an argument of a test: the log of a run has its beginning and its length.
public struct Brief: ExpressibleByStringLiteral, CustomStringConvertible, Sendable {
    /// The whole text.
    public let text: String

    /// A text that is computed.
    public init(_ text: String) { self.text = text }

    /// A text that is written out.
    public init(stringLiteral text: String) { self.text = text }

    /// The text, or as much of it as a line has room for.
    public var description: String {
        guard text.utf8.count > 100 else { return text.debugDescription }
        return "\(text.prefix(40).debugDescription)… (\(text.utf8.count) bytes)"
    }
}
