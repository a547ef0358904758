internal import DVMProtocol

/// Who the developer's commits are by, in their own settings of git.
///
/// The settings are theirs: what they chose is left alone, and only what dvm wrote before is written over.
struct DeveloperGit {
    let developer: Accounts.Account
    /// Runs git as the developer.
    var git: (_ words: [String]) throws(Refusal) -> (exit: Exit, output: String)
    /// What dvm wrote last, a file of root's.
    var memory: FilePath = "/var/lib/dvm/git-identity.json"

    /// The git of this VM.
    init(_ developer: Accounts.Account) {
        self.developer = developer
        git = { words throws(Refusal) in
            let (exit, output) = try Entering.asDeveloper(developer, ["git"] + words)
            return (exit, String(decoding: output, as: UTF8.self))
        }
    }

    /// Sets what was asked for.
    ///
    /// - Returns: whether anything changed.
    /// - Throws: a `Refusal` when git cannot be run or refuses.
    func set(_ identity: GitIdentity) throws(Refusal) -> Bool {
        let written = (try? TextFile.readBytes(memory)).flatMap { try? JSON.decode(GitIdentity.self, from: $0) }
        var next = written ?? GitIdentity()
        var changed = try set("user.name", identity.name, before: written?.name) { next.name = $0 }
        changed = try set("user.email", identity.email, before: written?.email) { next.email = $0 } || changed
        if next != written, next != GitIdentity() {
            try TextFile.write(
                String(decoding: try JSON.encode(next), as: UTF8.self) + "\n",
                to: memory,
                mode: .ownerReadWrite
            )
        }
        return changed
    }

    private func set(
        _ key: String,
        _ value: String?,
        before written: String?,
        remember: (String) -> Void
    ) throws(Refusal) -> Bool {
        guard let value else { return false }
        // What their other files say through an include counts as theirs too.
        let (exit, output) = try git(["config", "--global", "--includes", "--get", key])
        let present = exit == .exited(0) ? String(output.prefix { $0 != "\n" }) : nil
        guard present == nil || present == written else { return false }
        guard present != value else { return false }
        guard try git(["config", "--global", key, value]).exit == .exited(0) else {
            throw Refusal(
                "git in the VM does not take \(key)",
                hint: "look at ~/.gitconfig there with `dvm sh`"
            )
        }
        remember(value)
        return true
    }
}
