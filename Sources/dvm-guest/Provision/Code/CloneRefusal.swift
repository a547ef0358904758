internal import DVMProtocol

/// Why a repository cannot be reached, as a person needs to know it.
enum CloneRefusal {
    /// The refusal for what git and ssh said.
    ///
    /// Their statuses are the same whatever went wrong, so it has to be read from what they say.
    static func text(for repository: Repository, saying said: String, keys: [String], vm: String) -> Refusal {
        let lines = said.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix { $0.isWhitespace } }
        let then = "then run `dvm sync` again, which goes on from here"
        if repository.isOverSSH, lines.contains(where: { $0.contains("Permission denied") }) {
            let register =
                keys.isEmpty
                ? "make a key with `dvm ssh-key \(vm)`, register it there, \(then)"
                : "register this key there, \(then): \(keys[0])"
            return Refusal("the server of \(repository.address) knows no key of this VM", hint: register)
        }
        if lines.contains(where: { $0.hasPrefix("Host key verification failed") }) {
            return Refusal(
                "the server of \(repository.address) is not the one this VM has met before",
                hint: "find out why; if that is right, `ssh-keygen -R` with its name in the VM forgets the old one"
            )
        }
        // The last line of git says in general what the first of ssh or the server said exactly.
        let reason = lines.first { !$0.hasPrefix("Warning: Permanently added") } ?? "git says nothing"
        return Refusal(
            "\(repository.address) cannot be reached from the VM: \(reason.prefix(300))",
            hint: "look at DVM_REPO and at the VM's network, then run `dvm sync` again"
        )
    }

    /// The public keys in some lines, each whole and nothing else.
    static func keys(in output: [UInt8]) -> [String] {
        String(decoding: output, as: UTF8.self).parts(between: "\n").filter { line in
            let words = line.split(separator: " ")
            let kinds = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-", "sk-ssh-ed25519", "sk-ecdsa-sha2-"]
            return words.count >= 2 && kinds.contains(where: words[0].hasPrefix) && line.utf8.count <= 2048
                && line.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        }
    }
}
