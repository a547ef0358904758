internal import DVMProtocol

/// Ways in and up that an account can be given without being changed itself: each a file of root's.
struct AgentDoors {
    /// A file's text; empty where there is none.
    typealias Reader = (FilePath) throws(Refusal) -> String

    let agent: Accounts.Account
    var read: Reader = { path throws(Refusal) in try TextFile.readIfPresent(path) }
    var exists: (FilePath) throws(Refusal) -> Bool = { path throws(Refusal) in try Status.exists(path) }
    var sudoersFiles: () throws(Refusal) -> [FilePath] = { () throws(Refusal) in
        ["/etc/sudoers"] + (try Directories.entries("/etc/sudoers.d"))
    }

    /// What stands open; nothing when all is as dvm made it.
    ///
    /// - Throws: a `Refusal` when a file cannot be looked at, which is not the same.
    func findings() throws(Refusal) -> [String] {
        var findings: [String] = []
        for path in try sudoersFiles() where Self.isNamed(agent, inSudoers: try read(path)) {
            findings.append("is named in \(path)")
        }
        for path in ["/etc/subuid", "/etc/subgid"] as [FilePath] {
            let lines = try read(path).parts(between: "\n").map { $0.parts(between: ":")[0] }
            if lines.contains(where: { $0 == agent.name || $0 == "\(agent.uid)" }) {
                findings.append("has subordinate ids in \(path)")
            }
        }
        let keys = FilePath(agent.home).appending(".ssh").appending("authorized_keys")
        for path in [keys, keys.removingLastComponent().appending("authorized_keys2")] where try exists(path) {
            findings.append("can log in with keys in \(path)")
        }
        if try exists("/etc/ssh/sshd_config.d"), try read(AgentAccount.sshRule) != AgentAccount.sshRuleText {
            findings.append("is not refused by sshd (\(AgentAccount.sshRule))")
        }
        for path in ["/etc/cron.allow", "/etc/at.allow"] as [FilePath] where try has(path) {
            findings.append("is let in by \(path)")
        }
        for path in ["/etc/cron.deny", "/etc/at.deny"] as [FilePath] where try !has(path) {
            findings.append("is not kept out by \(path)")
        }
        let spools = [
            "/var/spool/cron/crontabs/\(agent.name)", "/var/spool/cron/\(agent.name)",
            "/var/lib/systemd/linger/\(agent.name)",
        ]
        for path in spools.map({ FilePath($0) }) where try exists(path) {
            findings.append("has programs started for it (\(path))")
        }
        return findings
    }

    private func has(_ path: FilePath) throws(Refusal) -> Bool {
        try read(path).split(whereSeparator: \.isWhitespace).contains { $0 == agent.name }
    }

    /// Whether sudoers(5) gives an account something: by its name, uid or group, or by a rule for everybody.
    static func isNamed(_ agent: Accounts.Account, inSudoers text: String) -> Bool {
        let whom: Set<String> = [agent.name, "#\(agent.uid)", "%\(agent.name)", "%#\(agent.gid)"]
        // A backslash goes on with the line.
        for line in text.replacing("\\\n", with: " ").parts(between: "\n") {
            let words = line.split { " \t,=:".contains($0) }.map(String.init)
            // A number after `#` is a uid; anything else begins a comment.
            let code = words.prefix { !$0.hasPrefix("#") || UInt32($0.dropFirst()) != nil }
            if code.first == "ALL" || code.contains(where: whom.contains) { return true }
        }
        return false
    }
}
