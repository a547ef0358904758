import DVMProtocol
import Testing

@Suite struct `Keys a guest shows` {
    private static let base64 = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"

    @Test(arguments: ["ssh-ed25519 \(base64)", "ssh-ed25519 \(base64) app-dvm-git-access"])
    func `are lines of OpenSSH`(line: String) throws {
        let key = try Ed25519Key(line)
        #expect(key.line == line)
        #expect(try JSON.decode(Ed25519Key.self, from: JSON.encode(key)) == key)
    }

    @Test(arguments: [
        "", "ssh-ed25519", "ssh-rsa \(base64) x", "ssh-ed25519 \(base64) \u{1B}[2J", "ssh-ed25519 \(base64) x\ny",
        "ssh-ed25519 \(base64.dropLast())", "ssh-ed25519 \(base64.dropLast())=", " ssh-ed25519 \(base64)",
        "command=\"x\" ssh-ed25519 \(base64)", "ssh-ed25519  \(base64)", "-----BEGIN OPENSSH PRIVATE KEY-----",
        "ssh-ed25519 \(base64) \(String(repeating: "x", count: 101))",
    ])
    func `are nothing else`(line: String) {
        #expect(throws: Refusal.self) { try Ed25519Key(line) }
    }

    @Test(arguments: [
        "", "-oProxyCommand=x", "a b", "*", "!x", "a\nb", "git@x", "x:22", "x/", ".x", "x.", "X.org",
        String(repeating: "a", count: 64),
    ])
    func `are for servers only`(host: String) {
        #expect(throws: Refusal.self) { try Request.task(.sshKeys(SSHKeyRequest(hosts: [host]))).check() }
    }

    @Test func `come with what to do with each`() throws {
        let key = try Ed25519Key("ssh-ed25519 \(Self.base64) a")
        let text = SSHKeys(access: key, signing: key, hosts: ["github.com", "\u{1B}x", "git.x.org"]).text
        #expect(text.contains("github.com: https://github.com/settings/ssh/new, as an authentication key"))
        #expect(text.contains("github.com: https://github.com/settings/ssh/new, as a signing key"))
        #expect(text.contains("git.x.org: its settings"))
        #expect(!text.contains("\u{1B}"))
    }

    @Test func `come with nothing that no guest of ours answers`() throws {
        let key = try Ed25519Key("ssh-ed25519 \(Self.base64)")
        try SSHKeys(access: key, signing: key, hosts: ["github.com"], changes: ["made it"], notes: ["x"]).check()
        let long = String(repeating: "x", count: 2001)
        for keys in [
            SSHKeys(access: key, signing: key, hosts: ["a b"]),
            SSHKeys(access: key, signing: key, hosts: [String](repeating: "a", count: 201)),
            SSHKeys(access: key, signing: key, hosts: [], changes: [long]),
            SSHKeys(access: key, signing: key, hosts: [], notes: [long]),
            SSHKeys(access: key, signing: key, hosts: [], changes: [String](repeating: "a", count: 101)),
            SSHKeys(access: key, signing: key, hosts: [], replaced: [Ed25519Key](repeating: key, count: 11)),
        ] {
            #expect(throws: Refusal.self) { try keys.check() }
        }
    }

    @Test(
        arguments: [
            ("git@github.com:a/b.git", "github.com"), ("ssh://git@GitLab.com/a/b", "gitlab.com"),
            ("ssh://git@git.example.org:2222/a", "git.example.org"), ("ssh://example.org/a", "example.org"),
            ("https://github.com/a/b", nil), ("ssh://git@[::1]/a", nil),
        ] as [(String, String?)]
    )
    func `are for the server of a repository`(address: String, host: String?) {
        #expect(Repository(address: address).sshHost == host)
    }

    @Test func `in OpenPGP's armour are checked before they are shown`() throws {
        let armor = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc=\n-----END PGP PUBLIC KEY BLOCK-----\n"
        let fingerprint = String(repeating: "A1", count: 20)
        try GPGKey(fingerprint: fingerprint, expires: 0, armored: armor).check()
        for (name, text) in [
            ("", armor), (fingerprint.lowercased(), armor), (fingerprint, ""),
            (fingerprint, armor.replacing("abc", with: "\u{1B}]0;x")),
            (fingerprint, armor.replacing("PUBLIC", with: "PRIVATE")),
            (fingerprint, armor.replacing("abc", with: "Comment: sudo rm")),
            (fingerprint, armor.replacing("abc", with: "-----BEGIN PGP PRIVATE KEY BLOCK-----")),
        ] {
            #expect(throws: Refusal.self) { try GPGKey(fingerprint: name, expires: 0, armored: text).check() }
        }
    }
}
