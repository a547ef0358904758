internal import DVMProtocol

/// Having git sign with the signing key, and know it.
extension SSHKeyMaker {
    /// Tells git how to sign, unless it was told otherwise.
    ///
    /// - Throws: a `Refusal` when git fails.
    mutating func setUpGit(_ key: Ed25519Key) throws(Refusal) {
        let signers = OwnFile("dvm_allowed_signers")
        let line = "* namespaces=\"git\" ssh-ed25519 \(key.base64)\n"
        // What older keys signed stays verified.
        let present = try signers.status() == nil ? "" : String(decoding: signers.bytes(), as: UTF8.self)
        if !present.contains(line) { try signers.write(Array((present + line).utf8), mode: .ownerReadWrite) }
        guard LoneGit.isInstalled else {
            notes.append("git is not installed in the VM: run this again when it is, to have it sign commits")
            return
        }
        let directory = "\(order.home)/.ssh"
        let settings = [
            ("gpg.format", "ssh"), ("user.signingKey", "\(directory)/\(Self.signing).pub"),
            ("gpg.ssh.allowedSignersFile", "\(directory)/\(signers.name)"), ("commit.gpgSign", "true"),
            ("tag.gpgSign", "true"),
        ]
        var missing: [(key: String, value: String)] = []
        var others: [String] = []
        for (key, value) in settings {
            guard let found = try setting(key) else {
                missing.append((key, value))
                continue
            }
            if found != value, found != value.replacing("\(order.home)/", with: "~/") {
                others.append("\(key)=\(found)")
            }
        }
        // What a person chose is theirs, and half of one way with half of another would sign with nothing.
        guard others.isEmpty else {
            notes.append(
                "git in the VM was told otherwise (\(others.joined(separator: ", ").prefix(300))), and was left alone; "
                    + "`git config --global --unset` for these, and this again, has it sign with the signing key"
            )
            return
        }
        for (key, value) in missing {
            guard try git(["--replace-all", key, value]).exit == .exited(0) else {
                throw Refusal("git in the VM cannot be told to sign", hint: "look at ~/.gitconfig with `dvm sh`")
            }
            changes.append("set \(key) of git to \(value)")
        }
    }

    /// What the user's settings say, also through an include.
    private func setting(_ key: String) throws(Refusal) -> String? {
        let answer = try git(["--includes", "--get", key])
        switch answer.exit {
        case .exited(0): return String(decoding: answer.output.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        // It is not there.
        case .exited(1): return nil
        default:
            throw Refusal("git in the VM cannot read its settings", hint: "look at ~/.gitconfig with `dvm sh`")
        }
    }

    private func git(_ words: [String]) throws(Refusal) -> (exit: Exit, output: [UInt8]) {
        try Run.output([LoneGit.program, "config", "--global"] + words, home: order.home)
    }
}
