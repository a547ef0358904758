/// The GPG key of a VM, as far as it is public.
public struct GPGKey: Hashable, Codable, Sendable {
    /// Its fingerprint, 40 hexadecimal digits.
    public var fingerprint: String
    /// When it expires, in seconds since 1970.
    public var expires: Int
    /// The key, in the armour of OpenPGP.
    public var armored: String
    /// What was done just now, a sentence each.
    public var changes: [String]

    /// How many days before its end a key is renewed.
    public static let renewal = 30

    /// A key.
    public init(fingerprint: String, expires: Int, armored: String, changes: [String] = []) {
        self.fingerprint = fingerprint
        self.expires = expires
        self.armored = armored
        self.changes = changes
    }

    /// Refuses what is no public key: it is shown, and comes from a stranger.
    ///
    /// - Throws: a `Refusal` that says so.
    public func check() throws(Refusal) {
        let lines = armored.split(separator: "\n")
        let isHexadecimal = fingerprint.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x46).contains($0) }
        // Nothing but base64 between the first line and the last: no second block, and no header.
        guard fingerprint.utf8.count == 40, isHexadecimal, armored.utf8.count < 16 * 1024, lines.count > 2,
            lines.first == "-----BEGIN PGP PUBLIC KEY BLOCK-----",
            lines.last == "-----END PGP PUBLIC KEY BLOCK-----",
            lines.dropFirst().dropLast().allSatisfy({ $0.utf8.allSatisfy(Self.isArmor) }),
            changes.count <= 10, changes.allSatisfy({ $0.utf8.count <= 2000 })
        else { throw Refusal("what was called a public key is none") }
    }

    private static func isArmor(_ byte: UInt8) -> Bool {
        Ascii.isLetter(byte) || Ascii.isDigit(byte) || "+/=".utf8.contains(byte)
    }

    /// The key as people read it, with what to do with it.
    public var text: String {
        let digits = SessionID(seconds: max(0, min(expires, 4_102_444_800)), salt: 0).text.prefix(8)
        let day = "\(digits.prefix(4))-\(digits.dropFirst(4).prefix(2))-\(digits.suffix(2))"
        return
            (changes.map(\.printable) + [
                armored, "fingerprint: \(fingerprint)", "expires: \(day)", "",
                "Register it where your commits are shown, such as https://github.com/settings/gpg/new, and have git use it:",
                "", "    git config gpg.format openpgp", "    git config user.signingKey \(fingerprint)",
                "    git config commit.gpgSign true", "",
                "It signs and does nothing else, and has no passphrase: whoever works as you in the VM can sign with it.",
            ]).joined(separator: "\n")
    }
}
