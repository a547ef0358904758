/// Something a person should know about a session of an agent that has ended.
///
/// Its text may quote names the agent chose: it is made harmless where it is shown.
public struct SessionNote: Hashable, Codable, Sendable {
    /// How much it matters.
    public enum Weight: String, Hashable, Codable, Sendable {
        /// Worth knowing.
        case notice
        /// Worth acting on.
        case warning
    }

    /// How much it matters.
    public var weight: Weight
    /// What happened, in a sentence.
    public var text: String

    /// As it is shown, harmless on a terminal.
    public var line: String { "\(weight.rawValue): \(text.printable)" }

    /// The most notes of one session: more is nothing a person reads.
    public static let most = 256

    /// The longest text, in characters: paths an agent chose can be of any length, and a record must stay readable.
    static let longest = 2000

    /// A note; a text that is too long is cut.
    public init(_ weight: Weight, _ text: String) {
        self.weight = weight
        self.text = text.count > Self.longest ? String(text.prefix(Self.longest)) + "…" : text
    }
}
