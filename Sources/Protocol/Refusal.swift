/// Something one side will not or cannot do, told to a person.
///
/// The one error that crosses the wire: what went wrong, with which thing, and what to do next.
public struct Refusal: Error, Hashable, Codable, Sendable {
    /// What went wrong, naming the thing it went wrong with.
    public var message: String
    /// The next thing to try.
    public var hint: String?

    /// A refusal with a message and, where there is one, a remedy.
    public init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}
