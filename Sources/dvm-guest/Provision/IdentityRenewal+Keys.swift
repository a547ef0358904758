internal import DVMProtocol

/// The keys of the user of a copied VM, which the VM it was copied from has, too.
extension IdentityRenewal {
    /// Removes the private keys, as the user, and makes those of dvm's anew.
    static func renewKeys() throws(Refusal) -> IdentityRenewed {
        // A VM that was never set up has nobody to have keys.
        guard Status.of(Settings.path) != nil else { return IdentityRenewed(removedKeys: []) }
        let settings = try Settings.read()
        guard let developer = try Accounts.read()[settings.user] else { return IdentityRenewed(removedKeys: []) }
        let (exit, output) = try Entering.asDeveloper(developer, ["/bin/sh", "-c", keyRemoval])
        guard exit == .exited(0) else {
            throw Refusal(
                "the keys of “\(settings.user)” could not be removed",
                hint: "`dvm clone --keep-keys` leaves them"
            )
        }
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
        var renewed = IdentityRenewed(removedKeys: lines.filter { !$0.hasPrefix(hadPrefix) }.prefix(200).map(\.self))
        // git in the VM goes on signing with a key that must be there, so there is one. Without it the VM is of use still.
        if lines.contains("\(hadPrefix)ssh") {
            make(.ssh, &renewed) { () throws(Refusal) in
                _ = try KeyOrder.perform(.ssh(SSHKeyRequest()), as: SSHKeys.self)
            }
        }
        if lines.contains("\(hadPrefix)gpg") {
            make(.gpg, &renewed) { () throws(Refusal) in _ = try KeyOrder.perform(.gpg, as: GPGKey.self) }
        }
        return renewed
    }

    private static func make(
        _ kind: IdentityRenewed.Keys,
        _ renewed: inout IdentityRenewed,
        _ body: () throws(Refusal) -> Void
    ) {
        do {
            try body()
            renewed.made.insert(kind)
        } catch {
            renewed.notes.append("it gets no \(kind.text): \(error.message); `dvm \(kind.command)` tries again")
        }
    }

    /// What the script's lines start with that say which keys of dvm's there were.
    private static let hadPrefix = "/had-"

    /// A script that removes private keys and says which: by what is in them and not by their names, which people choose.
    ///
    /// Also says whether dvm had made keys, by what is left of them, so that it says the same when it is run again.
    static let keyRemoval = """
        cd "$HOME" || exit 1
        if [ -d .ssh ]; then
            find -H .ssh -xdev -type f | LC_ALL=C sort | while IFS= read -r file; do
                head -c 200 "$file" | head -n 1 | grep -aq -e '-----BEGIN .*PRIVATE KEY-----' -e '^PuTTY-User-Key-File' \
                    || continue
                rm -f -- "$file" "$file.pub" || exit 1
                printf '%s\\n' "$file"
            done || exit 1
            [ ! -f .ssh/dvm_allowed_signers ] || echo /had-ssh
        fi
        for file in .gnupg/private-keys-v1.d/*.key .gnupg/openpgp-revocs.d/*.rev .gnupg/secring.gpg; do
            [ -f "$file" ] && [ ! -L "$file" ] || continue
            rm -f -- "$file" || exit 1
            printf '%s\\n' "$file"
        done
        if [ -d .gnupg ] && [ -x /usr/bin/gpg ]; then
            /usr/bin/gpg --batch --no-tty --trust-model always --with-colons --list-keys 2>/dev/null </dev/null \
                | grep -q '^uid:.*:[a-z0-9-]* dvm <dvm-[a-z0-9-]*@local>:' && echo /had-gpg
        fi
        exit 0
        """
}
