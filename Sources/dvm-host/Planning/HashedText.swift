/// A text with its digest, which is computed once however many VMs use it.
struct HashedText: Hashable, Sendable {
    let text: String
    /// SHA-256, in hexadecimal.
    let digest: String

    init(_ text: String) {
        self.text = text
        digest = SHA256.digest(of: text.utf8).hexadecimal
    }

    static func == (a: Self, b: Self) -> Bool { a.digest == b.digest }
    func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
