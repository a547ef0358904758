internal import DVMProtocol

/// Makes a copied VM another one; safe to run again. What a program has read before counts until the VM restarts.
extension IdentityRenewal {
    func run(_ progress: (String) -> Void) throws(Refusal) -> IdentityRenewed {
        progress("host name")
        _ = try HostName.set(hostName)
        progress("machine id")
        try Self.renewMachineID()
        progress("host keys")
        try Self.renewHostKeys()
        // Two VMs that start from one seed must not draw the same numbers.
        Removal.file("/var/lib/systemd/random-seed")
        guard !keepsKeys else { return IdentityRenewed(removedKeys: []) }
        progress("keys of the user")
        return IdentityRenewed(removedKeys: try Self.removeKeys())
    }

    private static func renewMachineID() throws(Refusal) {
        let mode: FilePermissions = [.ownerRead, .groupRead, .otherRead]
        let id = machineID((0..<16).map { _ in UInt8.random(in: .min ... .max) })
        try TextFile.write(id, to: "/etc/machine-id", mode: mode)
        // Of old a file of D-Bus's own; now most often a link to the other.
        if Status.of("/var/lib/dbus/machine-id")?.isRegular == true {
            try TextFile.write(id, to: "/var/lib/dbus/machine-id", mode: mode)
        }
    }

    /// The text of `/etc/machine-id`: 16 bytes as a random UUID (machine-id(5)).
    static func machineID(_ random: [UInt8]) -> String {
        var bytes = random
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }) + "\n"
    }

    private static func renewHostKeys() throws(Refusal) {
        // Tried first: without host keys nobody gets in any more.
        try Run.program(["ssh-keygen", "-A"])
        for path in try Directories.entries("/etc/ssh") {
            guard let name = path.lastComponent?.string, name.hasPrefix("ssh_host_"), name.contains("_key") else {
                continue
            }
            Removal.file(path)
        }
        try Run.program(["ssh-keygen", "-A"])
    }

    /// Removes the private keys of the user, as the user.
    private static func removeKeys() throws(Refusal) -> [String] {
        // A VM that was never set up has nobody to have keys.
        guard Status.of(Settings.path) != nil else { return [] }
        let settings = try Settings.read()
        guard let developer = try Accounts.read()[settings.user] else { return [] }
        let (exit, output) = try Entering.asDeveloper(developer, ["/bin/sh", "-c", keyRemoval])
        guard exit == .exited(0) else {
            throw Refusal(
                "the keys of “\(settings.user)” could not be removed",
                hint: "`dvm clone --keep-keys` leaves them"
            )
        }
        return String(decoding: output, as: UTF8.self).split(separator: "\n").prefix(100).map(String.init)
    }

    /// A script that removes private keys and says which: by what is in them and not by their names, which people choose.
    static let keyRemoval = """
        cd "$HOME" || exit 1
        for file in .ssh/* .gnupg/private-keys-v1.d/*.key .gnupg/openpgp-revocs.d/*.rev; do
            [ -f "$file" ] && [ ! -L "$file" ] || continue
            case $file in
                .ssh/*) head -c 200 "$file" | head -n 1 | grep -aq -e '-----BEGIN .*PRIVATE KEY-----' || continue ;;
            esac
            rm -f -- "$file" || exit 1
            case $file in .ssh/*) rm -f -- "$file.pub" ;; esac
            printf '%s\\n' "$file"
        done
        """
}
