internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Makes the GPG key of a user, or makes it last longer.
struct GPGKeyMaker {
    private let order: KeyOrder

    init(_ order: KeyOrder) { self.order = order }

    /// Who the key is said to be of.
    static func identity(of host: String) -> String { "\(host) dvm <dvm-\(host)@local>" }

    /// - Throws: a `Refusal` when gpg is missing or fails.
    func run() throws(Refusal) -> GPGKey {
        try KeyProgram.gpg.check()
        _ = try OwnDirectory.open(".gnupg", in: order.home)
        let isOurs = !hasAgent
        // It would go on with the few rights of this process for whoever asks it next. One that was there has the user's,
        // and their passphrases, which they would have to type again.
        defer { if isOurs { _ = try? Run.output(["/usr/bin/gpgconf", "--kill", "gpg-agent"], home: order.home) } }
        let identity = Self.identity(of: order.host)
        var changes: [String] = []
        let now = Self.now
        if let key = try newest(identity) {
            if key.expires != 0, key.expires < now + GPGKey.renewal * 86400 {
                try gpg(["--quick-set-expire", key.fingerprint, "1y"], "cannot make its key last longer")
                changes.append("the key would have expired, or had; it is good for another year now")
            }
        } else {
            let words = ["--quick-generate-key", identity, "ed25519", "sign", "1y"]
            try gpg(["--pinentry-mode", "loopback", "--passphrase", ""] + words, "cannot make a key")
            changes.append("made a key")
        }
        guard let key = try newest(identity) else { throw Refusal("gpg in the VM made a key and does not list it") }
        // Nothing but the key, whatever the user's settings say.
        let show = ["--no-comments", "--no-emit-version", "--armor", "--export", key.fingerprint]
        let armored = try gpg(show, "cannot show its key")
        let report = GPGKey(
            fingerprint: key.fingerprint,
            expires: key.expires,
            armored: String(decoding: armored, as: UTF8.self),
            changes: changes
        )
        try report.check()
        return report
    }

    /// Whether an agent of the user's runs, or would be started by the user's own service manager; also where that cannot be
    /// told, so that none of theirs is ended.
    private var hasAgent: Bool {
        let words = ["/usr/bin/gpg-connect-agent", "--quiet", "--no-autostart", "GETINFO pid", "/bye"]
        guard let answer = try? Run.output(words, home: order.home), answer.exit == .exited(0) else { return true }
        return !answer.output.isEmpty
    }

    private func newest(_ identity: String) throws(Refusal) -> GPGListing.Key? {
        let words = ["--with-colons", "--list-secret-keys"]
        let answer = try Run.output([KeyProgram.gpg.path, "--batch", "--no-tty"] + words, home: order.home)
        guard answer.exit == .exited(0) else {
            throw Refusal("gpg in the VM cannot list its keys", hint: "look at ~/.gnupg with `dvm sh`")
        }
        return GPGListing.keys(answer.output, of: identity).max { $0.created < $1.created }
    }

    @discardableResult
    private func gpg(_ words: [String], _ complaint: String) throws(Refusal) -> [UInt8] {
        let answer = try Run.output([KeyProgram.gpg.path, "--batch", "--no-tty", "--yes"] + words, home: order.home)
        guard answer.exit == .exited(0) else {
            throw Refusal(
                "gpg in the VM \(complaint) (status \(answer.exit.status))",
                hint: "look at ~/.gnupg with `dvm sh`; --verbose shows what gpg says"
            )
        }
        return answer.output
    }

    static var now: Int {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return now.tv_sec
    }
}

/// What `gpg --with-colons` lists (doc/DETAILS of GnuPG).
enum GPGListing {
    struct Key: Hashable {
        var fingerprint: String
        /// Seconds since 1970; it never expires at 0.
        var created: Int
        var expires: Int
    }

    /// The keys of an identity that were not revoked.
    static func keys(_ output: [UInt8], of identity: String) -> [Key] {
        var keys: [Key] = []
        var current: Key?
        var isRevoked = false
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard fields.count > 9 else { continue }
            switch fields[0] {
            case "sec", "pub":
                isRevoked = fields[1] == "r"
                current = Key(fingerprint: "", created: Int(fields[5]) ?? 0, expires: Int(fields[6]) ?? 0)
            case "fpr" where current?.fingerprint == "": current?.fingerprint = fields[9]
            // Colons in a name are written as escapes; ours has none.
            case "uid" where fields[9] == identity && !isRevoked: if let key = current { keys.append(key) }
            default: break
            }
        }
        return keys
    }
}
