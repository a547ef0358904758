import DVMProtocol
import Testing

@Suite struct `A public key of SSH` {
    private static let blob = "AAAAC3NzaC1lZDI1NTE5AAAAIFk2xmbyTqzgRWd5uCdYZ7Nvkdv+h8qKv/5Bq0Xc1mRk"

    static let lines: [(String, String?)] = [
        ("ssh-ed25519 \(blob)", "ssh-ed25519 \(blob)"),
        ("ssh-ed25519 \(blob) somebody@somewhere else", "ssh-ed25519 \(blob)"),
        ("ssh-ed25519\t\(blob)\tcomment", "ssh-ed25519 \(blob)"),
        ("  ssh-rsa \(blob)", "ssh-rsa \(blob)"),
        ("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbg== x", "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbg=="),
        // A key with options opens less than one without, so it is not taken for one without.
        ("command=\"true\" ssh-ed25519 \(blob)", nil),
        ("restrict,from=\"10.0.0.1\" ssh-ed25519 \(blob)", nil),
        ("# ssh-ed25519 \(blob)", nil), ("", nil), ("ssh-ed25519", nil), ("ssh-ed25519 ", nil),
        ("ssh-dss \(blob)", nil), ("ssh-ed25519-cert-v01@openssh.com \(blob)", nil),
        ("ssh-ed25519 AAAA", nil), ("ssh-ed25519 \(blob)x", nil), ("ssh-ed25519 \(blob.dropLast(4))===A", nil),
        ("ssh-ed25519 \(blob.dropLast(4))A===", nil), ("ssh-ed25519 \(blob.dropLast())\"", nil),
        ("ssh-ed25519 \(blob.dropLast())\u{1B}", nil), ("ssh-ed25519 \(blob.dropLast())é", nil),
        ("ssh-ed25519 " + String(repeating: "A", count: PublicKey.longest + 4), nil),
    ]

    @Test(arguments: lines)
    func `is read from a line, without what is around it`(line: String, key: String?) {
        #expect(PublicKey(line: line)?.line == key)
    }

    @Test func `is read from a file once, in order`() {
        let text = "ssh-rsa \(Self.blob) a\r\n\n# no\nssh-ed25519 \(Self.blob)\nssh-rsa \(Self.blob) b"

        #expect(PublicKey.all(in: text).map(\.type) == ["ssh-rsa", "ssh-ed25519"])
    }

    @Test(arguments: [
        "ssh-ed25519 \(blob) comment", "ssh-ed25519 \(blob)\nHost *", "ssh-ed25519  \(blob)", "", "x y",
    ])
    func `on the wire is nothing but the key`(text: String) throws {
        let json = try JSON.encode([text])

        #expect(throws: DecodingError.self) { try JSON.decode([PublicKey].self, from: json) }
    }

    @Test func `what a VM says of its login is compared with what dvm would have made`() throws {
        let key = try #require(PublicKey(line: "ssh-ed25519 \(Self.blob)"))
        func check(
            _ user: String = "developer",
            _ directory: String = "/home/developer/code/app",
            _ keys: Int = 1
        ) throws {
            let login = RemoteLogin(
                user: user,
                codeDirectory: directory,
                hostKeys: Array(repeating: key, count: keys)
            )
            #expect(try JSON.decode(RemoteLogin.self, from: JSON.encode(login)) == login)
            try login.check()
        }

        try check()
        for user in ["dvm", "root", "dvm-agent", "", "-oProxyCommand=x", "a\nProxyCommand x", "a b"] {
            #expect(throws: Refusal.self, "\(user)") { try check(user) }
        }
        for directory in ["~/code/app", "code", "", "/", "/a\u{1B}/b", "--wait", "/home/../etc/x"] {
            #expect(throws: Refusal.self, "\(directory)") { try check("developer", directory) }
        }
        for keys in [0, RemoteLogin.mostKeys + 1] {
            #expect(throws: Refusal.self) { try check("developer", "/home/developer/code/app", keys) }
        }
    }
}
