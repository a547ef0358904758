/// Which files of a project are secrets, by their names and by how their text begins.
enum SecretFiles {
    /// How much of a file is looked at.
    static let mostBytes = 64 * 1024

    /// How large a file can be that begins with a private key, in bytes: from the line that says so to the largest RSA key
    /// with a chain of certificates.
    static let keySizes = 20...(64 << 10)

    /// What a name says about a file.
    enum Verdict: Equatable {
        case secret
        /// A secret unless its text shows that it is public.
        case key
        /// A secret if its text holds a token.
        case settings
        /// A secret if its first line says so.
        case unknown
    }

    static func verdict(_ name: [UInt8]) -> Verdict {
        let name = String(decoding: name, as: UTF8.self).lowercased()
        // Before the rule of names: most of these only name a registry, which an agent needs.
        if [".npmrc", ".yarnrc.yml"].contains(name) { return .settings }
        if SecretNames.contains(name) { return .secret }
        if containers.contains(where: { name.hasSuffix($0) }) { return .secret }
        if name.hasSuffix(".pem") || name.hasSuffix(".key") { return .key }
        return .unknown
    }

    /// Whether a file is a secret, by its name and its text's beginning.
    static func isSecret(_ name: [UInt8], _ text: some Collection<UInt8>) -> Bool {
        switch verdict(name) {
        case .secret: true
        case .key: !isPublic(text)
        case .settings: holdsToken(text)
        case .unknown: text.prefix { $0 != UInt8(ascii: "\n") }.prefix(256).contains("PRIVATE KEY".utf8)
        }
    }

    /// A certificate or a public key, which programs need and everyone may have.
    private static func isPublic(_ text: some Collection<UInt8>) -> Bool {
        !text.contains("PRIVATE KEY".utf8)
            && (text.starts(with: "-----BEGIN CERTIFICATE".utf8) || text.starts(with: "-----BEGIN PUBLIC KEY".utf8))
    }

    /// A token written out, and not taken from a variable: most such files only name a registry.
    private static func holdsToken(_ text: some Collection<UInt8>) -> Bool {
        text.split(separator: UInt8(ascii: "\n")).contains { line in
            let line = String(decoding: line, as: UTF8.self).lowercased()
            return !line.contains("${") && ["_auth", "_password", "npmauthtoken"].contains(where: line.contains)
        }
    }

    /// Files that hold keys in a form of their own.
    private static let containers = [".p12", ".pfx", ".kdbx", ".jks", ".keystore"]

    /// Trees of other people's files: large, and with sample keys among them.
    static let vendorTrees: Set<String> = [
        "node_modules", ".venv", "venv", "target", "vendor", "dist", "build", "__pycache__", ".tox", ".cargo", ".git",
        ".build", "site-packages", ".gradle", ".next", "bower_components",
    ]

    static func isVendorTree(_ name: [UInt8]) -> Bool { vendorTrees.contains(String(decoding: name, as: UTF8.self)) }
}

extension Collection<UInt8> {
    /// Whether some bytes occur in these.
    func contains(_ wanted: some Collection<UInt8>) -> Bool {
        guard let first = wanted.first else { return true }
        var rest = self[...]
        while let start = rest.firstIndex(of: first) {
            rest = rest[start...]
            if rest.starts(with: wanted) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
