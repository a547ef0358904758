internal import DVMProtocol

/// How long the GPG key of the VM lasts.
enum KeyChecks {
    /// A row where there is a key; the list is made as the developer, and without their secret keys.
    static func checks(_ settings: Settings, _ accounts: Accounts) -> [DoctorReport.Check] {
        guard let developer = accounts[settings.user], Status.of(FilePath(GPGKeyMaker.program)) != nil,
            Status.of(FilePath(developer.home).appending(".gnupg")) != nil,
            let host = (try? TextFile.read("/etc/hostname"))?.split(separator: "\n").first,
            let answer = try? Entering.asDeveloper(
                developer,
                [GPGKeyMaker.program, "--batch", "--no-tty", "--with-colons", "--list-keys"]
            )
        else { return [] }
        let keys = GPGListing.keys(answer.output, of: GPGKeyMaker.identity(of: String(host)))
        guard let key = keys.max(by: { $0.created < $1.created }) else { return [] }
        return [check(key, now: GPGKeyMaker.now)]
    }

    /// What to say of a key.
    static func check(_ key: GPGListing.Key, now: Int) -> DoctorReport.Check {
        let days = (key.expires - now) / 86400
        guard key.expires != 0, days < GPGKey.renewal else {
            return DoctorReport.Check("GPG key", .pass, key.expires == 0 ? "never expires" : "expires in \(days) days")
        }
        return DoctorReport.Check(
            "GPG key",
            .warn,
            key.expires <= now ? "has expired" : "expires in \(days) days",
            remedy: "`dvm gpg-key` for this VM makes it good for another year"
        )
    }
}
