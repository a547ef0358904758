/// File names that hold secrets wherever they are in a project.
enum SecretNames {
    /// Whether a name, as the kernel has it, is one.
    ///
    /// By bytes: a name need not be text, and this is asked for every file of a project.
    static func contains(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        // All of them begin so, and few others do.
        guard let first = unsafe name.first, first == UInt8(ascii: ".") || first == UInt8(ascii: "i") else {
            return false
        }
        return unsafe contains(String(decoding: name, as: UTF8.self))
    }

    static func contains(_ name: String) -> Bool {
        guard name.hasPrefix(".env.") else { return exact.contains(name) }
        // These are made to be shown.
        return ![".example", ".sample", ".template", ".dist"].contains(where: name.hasSuffix)
    }

    private static let exact: Set<String> = [
        ".env", ".netrc", ".npmrc", ".pypirc", ".git-credentials", ".htpasswd", ".pgpass", ".my.cnf", ".dockercfg",
        ".dockerconfigjson",
        ".vault-token", "id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk",
    ]
}
