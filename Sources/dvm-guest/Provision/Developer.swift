internal import DVMProtocol
internal import Glibc

/// The account people work as.
enum Developer {
    /// Accounts below this belong to the system, on every distribution we know (`UID_MIN` of login.defs).
    static let firstPersonalUid: UInt32 = 1000

    /// The account with a name.
    ///
    /// - Throws: a `Refusal` when there is none, or it is one people must not work as.
    static func account(_ name: String) throws(Refusal) -> Accounts.Account {
        try AccountName.check(name)
        guard let account = try Accounts.read()[name] else { throw Refusal("there is no user “\(name)” in the VM") }
        guard account.uid >= firstPersonalUid, account.uid < 65534 else {
            throw Refusal(
                "“\(name)” is a system account in the VM (uid \(account.uid))",
                hint: "choose another DVM_USER, or leave it out to use “developer”"
            )
        }
        return account
    }

    /// Makes the account where it is missing, and lets its services run without a login.
    static func make(_ name: String) throws(Refusal) -> Bool {
        var changed = false
        if try Accounts.read()[name] == nil {
            // Its home is closed to others from the first moment on, whatever the distribution's default is.
            try Run.program([
                "useradd", "--create-home", "--user-group", "--shell", "/bin/bash", "-K", "HOME_MODE=0700", name,
            ])
            changed = true
        }
        let account = try account(name)
        if Status.of(FilePath("/var/lib/systemd/linger/\(account.name)")) == nil {
            try Run.program(["loginctl", "enable-linger", account.name])
            changed = true
        }
        return changed
    }

    /// Keeps the agent out of the home, and so out of everything that appears in it later.
    static func closeHome(_ account: Accounts.Account) throws(Refusal) -> Bool {
        let agent = try AgentAccount.account()
        let home = try Directories.openOwned(FilePath(account.home), by: account.uid)
        return try AccessList.deny(uid: agent.uid, on: home.raw, path: account.home)
    }
}
