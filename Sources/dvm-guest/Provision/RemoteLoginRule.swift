internal import DVMProtocol

/// Lets whoever logs in to this VM for Lima log in as the developer, too: editors and rsync need a login of their own.
enum RemoteLoginRule {
    /// The keys of the control account; root's, so that nobody else can add one.
    static let keys = SecureShell.directory.appending("dvm.keys")
    static let rule = SecureShell.rules.appending("11-dvm-login.conf")

    static func ruleText(for user: String) -> String {
        """
        # Written by dvm: the keys that open the control account open this one.
        Match User \(user)
            AuthorizedKeysFile .ssh/authorized_keys \(keys)
        Match all

        """
    }

    /// The keys in the text of the control account's `authorized_keys`, as a file of their own.
    static func keysText(_ authorized: String) -> String {
        PublicKey.all(in: authorized).map { "\($0.line)\n" }.joined()
    }

    /// Writes the rule and the keys.
    ///
    /// - Returns: whether anything had to be changed; nothing is done where sshd reads no rules of others.
    /// - Throws: a `Refusal`, with the rule taken back, when sshd does not accept it.
    static func install(for user: String) throws(Refusal) -> Bool {
        guard SecureShell.hasRules, let control = try Accounts.read()[ControlAccount.name] else { return false }
        let authorized = try TextFile.readIfPresent(FilePath(control.home).appending(".ssh/authorized_keys"))
        let mode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
        let hasNewKeys = try TextFile.write(keysText(authorized), to: keys, mode: mode)
        let before = try TextFile.readIfPresent(rule)
        guard try TextFile.write(ruleText(for: user), to: rule, mode: mode) else { return hasNewKeys }
        do throws(Refusal) {
            try Run.program(["sshd", "-t"])
        } catch {
            // A rule that sshd does not accept would keep it from starting the next time, and everybody out.
            if before.isEmpty {
                Removal.file(rule)
            } else {
                try TextFile.write(before, to: rule, mode: mode)
            }
            throw Refusal(
                "sshd in the VM does not accept its configuration: \(error.message)",
                hint: "see what `sshd -t` says there as root; dvm's own rule was taken back"
            )
        }
        try SecureShell.reload()
        return true
    }

    /// What a host needs to log in.
    ///
    /// - Throws: a `Refusal` when a login would not work.
    static func look() throws(Refusal) -> RemoteLogin {
        let settings = try Settings.read()
        guard try TextFile.readIfPresent(rule) == ruleText(for: settings.user),
            try !TextFile.readIfPresent(keys).isEmpty
        else {
            throw Refusal(
                "logging in as \(settings.user) with SSH has not been set up in this VM",
                hint: SecureShell.hasRules
                    ? "run `dvm sync` for it on the host"
                    : "its sshd has no \(SecureShell.rules); images of Debian, Ubuntu and Fedora have one"
            )
        }
        var found: [PublicKey] = []
        for name in Listing.names(in: SecureShell.directory)
        where name.hasPrefix("ssh_host_") && name.hasSuffix("_key.pub") {
            found += PublicKey.all(in: try TextFile.read(SecureShell.directory.appending(name)))
        }
        return RemoteLogin(
            user: settings.user,
            codeDirectory: settings.codeDirectory,
            hostKeys: Array(found.prefix(RemoteLogin.mostKeys))
        )
    }
}
