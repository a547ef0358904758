/// The host keys of servers that many people have their code on, as these publish them.
///
/// Only keys whose fingerprints could be compared with what the servers publish: a wrong one would be worse than none.
/// Compared in November 2026 with docs.github.com (GitHub's SSH key fingerprints), GitLab's documentation (GitLab.com
/// settings), docs.codeberg.org (security/ssh-fingerprint) and support.atlassian.com (Configure SSH, Bitbucket Cloud).
enum KnownForges {
    static let keys: [(host: String, key: String)] = [
        ("github.com", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"),
        ("gitlab.com", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf"),
        ("codeberg.org", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIVIC02vnjFyL+I4RHfvIGNtOgJMe769VTF1VR4EB3ZB"),
        ("bitbucket.org", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO"),
    ]

    /// Whether a server is one of them.
    static func contains(_ host: String?) -> Bool { keys.contains { $0.host == host } }

    /// The text of a file of known hosts.
    static var text: String { keys.map { "\($0.host) \($0.key)\n" }.joined() }
}
