internal import DVMProtocol

/// Whether the user's private keys are theirs alone, and how long the GPG key of the VM lasts.
enum KeyChecks {
    /// A row for what there is.
    static func checks(_ settings: Settings, _ accounts: Accounts) -> [DoctorReport.Check] {
        guard let developer = accounts[settings.user] else { return [] }
        return modes(developer) + expiry(developer)
    }

    /// Looked at by a process of the developer's.
    private static func modes(_ developer: Accounts.Account) -> [DoctorReport.Check] {
        do throws(Refusal) {
            return check(try KeyOrder.modes(of: developer)).map { [$0] } ?? []
        } catch {
            return [Diagnosis.failed("private keys", error)]
        }
    }

    /// What to say of the modes; nothing where there is no key.
    static func check(_ modes: PrivateKeyModes) -> DoctorReport.Check? {
        guard modes != PrivateKeyModes() else { return nil }
        guard !modes.wrong.isEmpty else {
            return DoctorReport.Check("private keys", .pass, "the \(modes.count) in ~/.ssh are closed to others")
        }
        return DoctorReport.Check(
            "private keys",
            .warn,
            "wrong modes: \(modes.wrong.map { "~/\($0)" }.joined(separator: ", ").printable)",
            meaning: "others may read or replace them as soon as the home is open to them, or ssh cannot use them",
            remedy:
                "`dvm ssh-key` for this VM puts its own right; in the VM, `chmod 600` does the others, `chmod 700` ~/.ssh"
        )
    }

    /// The list is made as the developer, and without their secret keys.
    private static func expiry(_ developer: Accounts.Account) -> [DoctorReport.Check] {
        guard Status.of(FilePath(KeyProgram.gpg.path)) != nil,
            Status.of(FilePath(developer.home).appending(".gnupg")) != nil
        else { return [] }
        do throws(Refusal) {
            let host = try TextFile.read("/etc/hostname").prefix { !$0.isNewline }
            let words = [KeyProgram.gpg.path, "--batch", "--no-tty", "--with-colons", "--list-keys"]
            let answer = try Entering.asDeveloper(developer, words)
            let identity = GPGKeyMaker.identity(of: String(host))
            return check(answer.exit, answer.output, of: identity, now: GPGKeyMaker.now).map { [$0] } ?? []
        } catch {
            return [Diagnosis.failed("GPG key", error)]
        }
    }

    /// What to say of gpg's list; nothing where the VM's key is not in it.
    static func check(_ exit: Exit, _ list: [UInt8], of identity: String, now: Int) -> DoctorReport.Check? {
        guard exit == .exited(0) else {
            return DoctorReport.Check(
                "GPG key",
                .warn,
                "gpg does not list the user’s keys, so it is not known when the VM’s expires",
                remedy: "in the VM (`dvm sh`), `gpg --list-keys` says why"
            )
        }
        return GPGListing.keys(list, of: identity).max { $0.created < $1.created }.map { check($0, now: now) }
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
