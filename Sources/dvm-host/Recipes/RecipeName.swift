internal import DVMProtocol

/// The name of a recipe, as `use` takes it.
///
/// Holding one is proof that it is safe in a path and in a message.
struct RecipeName: Hashable, Comparable, Sendable, CustomStringConvertible {
    let text: String

    var description: String { text }

    static let longest = 64

    /// Checks a name.
    ///
    /// - Throws: a `Refusal` that quotes it and says how recipes are named.
    init(_ text: some StringProtocol) throws(Refusal) {
        let letters = "abcdefghijklmnopqrstuvwxyz".utf8
        guard let first = text.utf8.first, letters.contains(first), text.utf8.count <= Self.longest,
            text.utf8.allSatisfy({ letters.contains($0) || "0123456789-".utf8.contains($0) })
        else {
            throw Refusal(
                "“\(String(text.prefix(100)).printable)” cannot name a recipe",
                hint: "use up to \(Self.longest) lowercase letters, digits and hyphens, starting with a letter"
            )
        }
        self.text = String(text)
    }

    private init(known text: String) { self.text = text }

    /// The recipe every VM starts with unless `DVM_NO_BASELINE=1` says otherwise.
    static let baseline = Self(known: "baseline")

    static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}
