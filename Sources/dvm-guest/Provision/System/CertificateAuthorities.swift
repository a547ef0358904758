internal import DVMProtocol

/// The authorities the VM trusts beside those of its distribution.
enum CertificateAuthorities {
    /// How a distribution is given certificates.
    private struct Store {
        var directory: String
        var suffix: String
        var update: [String]
        /// The program that takes them up.
        var program: String
        /// All authorities there are then, in one file.
        var bundle: String

        static let debian = Self(
            directory: "/usr/local/share/ca-certificates",
            suffix: ".crt",
            // Without it, what was taken away stays trusted.
            update: ["update-ca-certificates", "--fresh"],
            program: "/usr/sbin/update-ca-certificates",
            bundle: "/etc/ssl/certs/ca-certificates.crt"
        )
        static let fedora = Self(
            directory: "/etc/pki/ca-trust/source/anchors",
            suffix: ".pem",
            update: ["update-ca-trust", "extract"],
            program: "/usr/bin/update-ca-trust",
            bundle: "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
        )

        static func of(_ system: SystemTree) -> Self { system.has("/etc/pki/ca-trust") ? .fedora : .debian }
    }

    /// The file with all authorities that the VM trusts.
    static func bundle(in system: SystemTree) -> String { Store.of(system).bundle }

    /// What leads programs to the bundle that have authorities of their own, or look only where they are told to:
    /// OpenSSL's and Rust's ways to find them, Python's requests, Node.js.
    static func variables(_ bundle: String) -> [String: String] {
        ["SSL_CERT_FILE": bundle, "REQUESTS_CA_BUNDLE": bundle, "NODE_EXTRA_CA_CERTS": bundle]
    }

    private static let prefix = "dvm-"

    /// Has the VM trust exactly these certificates beside the distribution's and those somebody else put there.
    ///
    /// - Returns: whether anything changed.
    /// - Throws: a `Refusal` when the distribution cannot be told.
    static func set(
        _ certificates: [String],
        in system: SystemTree,
        install: (Packages.Package) throws(Refusal) -> Void
    ) throws(Refusal) -> Bool {
        let store = Store.of(system)
        if !certificates.isEmpty, !system.has(store.program) {
            try install(.certificates(program: FilePath(store.program)))
        }
        let names = certificates.indices.map { "\(prefix)\($0 + 1)\(store.suffix)" }
        var changed = false
        for (name, text) in zip(names, certificates) {
            changed = try system.write(text, to: "\(store.directory)/\(name)") || changed
        }
        for name in Listing.names(in: system.path(store.directory))
        where name.hasPrefix(prefix) && name.hasSuffix(store.suffix) && !names.contains(name) {
            changed = try system.write(nil, to: "\(store.directory)/\(name)") || changed
        }
        if changed { try system.program(store.update) }
        let lines = variables(store.bundle).sorted { $0.key < $1.key }.map { "\($0.key)='\($0.value)'\n" }
        func text(_ word: String) -> String? {
            certificates.isEmpty ? nil : SystemTree.mark + lines.map { word + $0 }.joined()
        }
        changed = try system.write(text("export "), to: "/etc/profile.d/dvm-certificates.sh") || changed
        return try system.write(text(""), to: "/etc/environment.d/90-dvm-certificates.conf") || changed
    }
}
