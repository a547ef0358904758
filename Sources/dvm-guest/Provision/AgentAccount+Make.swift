internal import DVMProtocol
internal import Glibc

extension AgentAccount {
    /// Makes the account where it is missing: no login, no password, no subordinate ids, a home for each of these tools.
    ///
    /// - Throws: a `Refusal` when a part of it is in other hands.
    static func make(homesOf tools: [Tool]) throws(Refusal) -> Bool {
        var changed = false
        if try Accounts.read()[name] == nil {
            try Run.program([
                "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", homes, "--shell",
                "/usr/sbin/nologin", name,
            ])
            changed = true
        }
        guard let account = try Accounts.read()[name] else {
            throw Refusal("the account \(name) could not be made in the VM")
        }
        changed =
            try Directories.make(FilePath(homes), mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
            || changed
        for tool in tools {
            let home = FilePath(home(of: tool))
            // As an earlier version made it, the agent's as a whole; what it kept stays where it is declared.
            if Status.of(home)?.uid == account.uid {
                try Directories.takeOver(home, from: account.uid)
                changed = true
            }
            changed =
                try Directories.make(home, mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
                || changed
        }
        return try keepOut() || changed
    }

    /// Closes the doors an account without a password still has: keys it may put into its own home, and job queues.
    private static func keepOut() throws(Refusal) -> Bool {
        var changed = false
        if SecureShell.hasRules {
            if try TextFile.write(
                sshRuleText,
                to: sshRule,
                mode: [.ownerReadWrite, .groupRead, .otherRead]
            ) {
                changed = true
                try SecureShell.reload()
            }
        }
        for list in ["/etc/cron.deny", "/etc/at.deny"] as [FilePath] {
            let present = try TextFile.readIfPresent(list)
            guard !present.split(whereSeparator: \.isNewline).contains(where: { $0 == name }) else { continue }
            let start = present.isEmpty || present.hasSuffix("\n") ? present : present + "\n"
            changed =
                try TextFile.write(start + name + "\n", to: list, mode: [.ownerReadWrite, .groupRead, .otherRead])
                || changed
        }
        return changed
    }
}
