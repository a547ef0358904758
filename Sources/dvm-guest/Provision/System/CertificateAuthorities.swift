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

        static let debian = Self(
            directory: "/usr/local/share/ca-certificates",
            suffix: ".crt",
            // Without it, what was taken away stays trusted.
            update: ["update-ca-certificates", "--fresh"],
            program: "/usr/sbin/update-ca-certificates"
        )
        static let fedora = Self(
            directory: "/etc/pki/ca-trust/source/anchors",
            suffix: ".pem",
            update: ["update-ca-trust", "extract"],
            program: "/usr/bin/update-ca-trust"
        )
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
        let store: Store = system.has("/etc/pki/ca-trust") ? .fedora : .debian
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
        return changed
    }
}
