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
        var renewed = IdentityRenewed(removedKeys: Array(Set(lines.filter { !$0.hasPrefix("/") }).sorted().prefix(200)))
        let staying = Set(
            lines.filter { $0.hasPrefix(stayingPrefix) }.map { String($0.dropFirst(stayingPrefix.count)) }
        )
        if !staying.isEmpty {
            renewed.notes.append(
                "private keys that links lead to, outside the home or in directories elsewhere in it, stay, and the other "
                    + "VM may have them, too: " + staying.sorted().prefix(5).joined(separator: ", ")
                    + (staying.count > 5 ? ", and \(staying.count - 5) more" : "")
            )
        }
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

    /// What they start with that say which private keys are left where links lead to.
    private static let stayingPrefix = "/stays "

    /// A script that removes private keys and says which: by what is in them and not by their names, which people choose.
    ///
    /// Of a link to a file it removes what it leads to, too, but nothing outside the home: that may be another computer's.
    /// In a directory that a link leads to it removes nothing: that may be a project, whose keys are not the VM's.
    ///
    /// Also says whether dvm had made keys, by what is left of them, so that it says the same when it is run again.
    static let keyRemoval = #"""
        cd "$HOME" || exit 1
        home=$(pwd -P)
        keys='
            home=$0
            is_key() {
                case $1 in .gnupg/*) return 0 ;; esac
                head -c 200 "$2" | head -n 1 | grep -aq -e "-----BEGIN .*PRIVATE KEY-----" -e "^PuTTY-User-Key-File"
            }
            '
        take=$keys'
            take() {
                target=$(readlink -f -- "$1") && [ -f "$target" ] && is_key "$1" "$target" || return 0
                case $target in
                    "$home"/*) ;;
                    *) printf "/stays %s\n" "$target"; return 0 ;;
                esac
                printf "%s\n" "${target#"$home"/}"
                [ ! -L "$1" ] || printf "%s\n" "$1"
                rm -f -- "$target" "$target.pub" "$1" "$1.pub" || exit 1
            }
            for file do [ -d "$file" ] || take "$file"; done'
        look=$keys'
            own=$(readlink -f "$home/.ssh")
            for directory do
                [ -d "$directory" ] || continue
                for file in "$directory"/* "$directory"/.[!.]*; do
                    target=$(readlink -f -- "$file") && [ -f "$target" ] && is_key "$file" "$target" || continue
                    case $target in
                        "$own"/*) ;;
                        *) printf "/stays %s\n" "$target" ;;
                    esac
                done
            done'
        if [ -d .ssh ]; then
            find -H .ssh -xdev \( -type f -o -type l \) -exec /bin/sh -c "$take" "$home" {} + || exit 1
            find -H .ssh -xdev -type l -exec /bin/sh -c "$look" "$home" {} + || exit 1
            [ ! -f .ssh/dvm_allowed_signers ] || echo /had-ssh
        fi
        for file in .gnupg/private-keys-v1.d/*.key .gnupg/openpgp-revocs.d/*.rev .gnupg/secring.gpg; do
            /bin/sh -c "$take" "$home" "$file" || exit 1
        done
        if [ -d .gnupg ] && [ -x /usr/bin/gpg ]; then
            /usr/bin/gpg --batch --no-tty --trust-model always --with-colons --list-keys 2>/dev/null </dev/null \
                | grep -q '^uid:.*:[a-z0-9-]* dvm <dvm-[a-z0-9-]*@local>:' && echo /had-gpg
        fi
        exit 0
        """#
}
