/// Which SSH keys a VM is to have.
public struct SSHKeyRequest: Hashable, Codable, Sendable {
    /// The servers they are for, beside those that were named before.
    public var hosts: [String]
    /// Whether new keys take the place of those there are.
    public var rotates: Bool

    /// The servers most people have their code on.
    public static let usual = ["github.com", "gitlab.com", "codeberg.org", "bitbucket.org"]

    /// A wish for keys.
    public init(hosts: [String] = [], rotates: Bool = false) {
        self.hosts = hosts
        self.rotates = rotates
    }

    /// Refuses names that are none of a server: they are written into a configuration of ssh.
    ///
    /// - Throws: a `Refusal` that quotes the name.
    public func check() throws(Refusal) {
        guard hosts.count <= 50 else { throw Refusal("more than 50 servers for one key") }
        for host in hosts where !Self.isHost(host) {
            throw Refusal(
                "“\(host.printable)” cannot be the name of a server",
                hint: "write a name such as git.example.org, without user, path and port"
            )
        }
    }

    /// Whether a text is the name of a server, in lower case and without patterns.
    public static func isHost(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.count <= 63 && !part.hasPrefix("-") && !part.hasSuffix("-")
                    && part.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D }
            }
    }
}

/// The SSH keys of a VM, as far as they are public.
public struct SSHKeys: Hashable, Codable, Sendable {
    /// What gives access to repositories.
    public var access: Ed25519Key
    /// What signs commits.
    public var signing: Ed25519Key
    /// The servers the access key is used for.
    public var hosts: [String]
    /// What was done just now, a sentence each.
    public var changes: [String]
    /// What was left as it is, and what to do about it.
    public var notes: [String]
    /// The keys whose place new ones took, to be taken off the servers.
    public var replaced: [Ed25519Key]

    /// Keys.
    public init(
        access: Ed25519Key,
        signing: Ed25519Key,
        hosts: [String],
        changes: [String] = [],
        notes: [String] = [],
        replaced: [Ed25519Key] = []
    ) {
        self.access = access
        self.signing = signing
        self.hosts = hosts
        self.changes = changes
        self.notes = notes
        self.replaced = replaced
    }

    /// Refuses what no guest of ours answers: it is shown, and comes from a stranger.
    ///
    /// The keys have proved themselves.
    ///
    /// - Throws: a `Refusal` that says so.
    public func check() throws(Refusal) {
        guard hosts.count <= 200, hosts.allSatisfy(SSHKeyRequest.isHost), changes.count + notes.count <= 100,
            (changes + notes).allSatisfy({ $0.utf8.count <= 2000 }), replaced.count <= 10
        else { throw Refusal("the VM answered something else than its keys") }
    }

    /// The keys as people read them, with what to do with each.
    public var text: String {
        var lines = (changes + notes).map(\.printable)
        if !lines.isEmpty { lines.append("") }
        lines += ["Access key, for fetching and pushing:", "", "    \(access.line)", ""]
        lines += hosts.filter(SSHKeyRequest.isHost).map { "    \($0): \(Self.accessPlace(on: $0) ?? "its settings")" }
        lines += ["    or, for one repository alone, as a deploy key in that repository's settings", ""]
        lines += ["Signing key, for commits and tags (never the same one as for access):", ""]
        lines += ["    \(signing.line)", ""]
        lines += hosts.filter(SSHKeyRequest.isHost).map { "    \($0): \(Self.places[$0]?.signing ?? "its settings")" }
        if !replaced.isEmpty {
            lines += ["", "Take these off wherever they are registered:", ""] + replaced.map { "    \($0.line)" }
        }
        return lines.joined(separator: "\n")
    }

    /// Where a person registers an access key on a server that many use.
    public static func accessPlace(on host: String) -> String? { places[host]?.access }

    private static let places: [String: (access: String, signing: String)] = [
        "github.com": (
            "https://github.com/settings/ssh/new, as an authentication key",
            "https://github.com/settings/ssh/new, as a signing key"
        ),
        "gitlab.com": (
            "https://gitlab.com/-/user_settings/ssh_keys, for authentication",
            "https://gitlab.com/-/user_settings/ssh_keys, for signing"
        ),
        "codeberg.org": (
            "https://codeberg.org/user/settings/keys, as an SSH key",
            "https://codeberg.org/user/settings/keys, as an SSH key that is verified"
        ),
        "bitbucket.org": (
            "https://bitbucket.org/account/settings/ssh-keys/",
            "https://bitbucket.org/account/settings/ssh-keys/"
        ),
    ]
}
