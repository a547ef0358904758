internal import DVMProtocol

/// A number nobody can guess, kept on this computer for one VM: with it, what a VM remembers of a secret says nothing
/// about the secret.
struct SecretKey: Hashable, Sendable {
    private let bytes: [UInt8]

    private static let size = 32

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// A new one.
    static func random() -> Self {
        var generator = SystemRandomNumberGenerator()
        return Self((0..<size).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// The key in a directory, where there is one.
    static func known(in directory: FilePath) -> Self? {
        guard let text = Files.text(of: path(in: directory), limit: 2 * size), text.utf8.count == 2 * size,
            text.utf8.allSatisfy("0123456789abcdef".utf8.contains)
        else { return nil }
        return Self(Array(text.utf8))
    }

    /// The key in a directory; made where there is none yet.
    ///
    /// One that was lost or damaged is replaced: then units with secrets run once more.
    ///
    /// - Throws: a `Refusal` when it cannot be written.
    static func kept(in directory: FilePath) throws(Refusal) -> Self {
        if let known = known(in: directory) { return known }
        try Files.makeDirectory(directory, mode: 0o700)
        let new = random().bytes.hexadecimal
        try Files.replace(path(in: directory), with: new)
        return Self(Array(new.utf8))
    }

    /// What its file is called.
    static let file = "secrets.key"

    private static func path(in directory: FilePath) -> FilePath { directory.appending(file) }

    /// What is different when some bytes are.
    func code(for bytes: [UInt8]) -> String { SHA256.code(for: bytes, key: self.bytes).hexadecimal }
}
