internal import DVMProtocol

/// Makes a copied VM another one; safe to run again. What a program has read before counts until the VM restarts.
extension IdentityRenewal {
    ///
    /// - Parameters:
    ///   - record: whose identity it has; written last of all.
    ///   - progress: told what is being done.
    /// - Returns: what was done.
    /// - Throws: a `Refusal`; then the record says still that the identity is another's.
    func run(record: IdentityRecord = IdentityRecord(), _ progress: (String) -> Void) throws(Refusal)
        -> IdentityRenewed
    {
        if isDone(by: record) { return IdentityRenewed(removedKeys: []) }
        let renewed = try renew(progress)
        _ = try record.keep(hostName)
        return renewed
    }

    /// Whether there is nothing to do, because the disk was not put back to another's after all.
    func isDone(by record: IdentityRecord) -> Bool { unlessItsOwn == true && record.read() == hostName }

    private func renew(_ progress: (String) -> Void) throws(Refusal) -> IdentityRenewed {
        progress("host name")
        _ = try HostName.set(hostName)
        progress("machine id")
        try Self.renewMachineID()
        progress("host keys")
        try Self.renewHostKeys()
        // Two VMs that start from one seed must not draw the same numbers.
        Removal.file("/var/lib/systemd/random-seed")
        progress("services that are signed in")
        let units = try OwnServices().signOut()
        guard !keepsKeys else { return IdentityRenewed(removedKeys: [], units: units) }
        progress("keys of the user")
        var renewed = try Self.renewKeys()
        renewed.units = units
        return renewed
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

    /// Puts new host keys into the place of all there are; at every moment there are some, or nobody would get in any more.
    ///
    /// - Parameter root: the directory that `etc/ssh` is in, other than `/` in tests.
    /// - Throws: a `Refusal` when that fails; there are host keys then, too.
    static func renewHostKeys(below root: FilePath = "/") throws(Refusal) {
        let place = root.pushing("etc/ssh")
        // Beside them, where a rename takes one for the other.
        let new = place.appending("dvm-new-keys")
        Removal.tree(new)
        defer { Removal.tree(new) }
        for directory in [new, new.appending("etc"), new.pushing("etc/ssh")] {
            try TemporaryDirectory.makeDirectory(directory)
        }
        try Run.program(["ssh-keygen", "-A", "-f", new.string])
        let made = Listing.names(in: new.pushing("etc/ssh")).filter(isHostKey)
        guard made.contains(where: { $0.hasSuffix("_key") }) else {
            throw Refusal("ssh-keygen made no host keys in the VM")
        }
        for name in made.sorted() {
            try Status.rename(new.pushing("etc/ssh").appending(name), to: place.appending(name))
        }
        // Kinds that are made no more, and certificates of the old ones.
        for name in Listing.names(in: place) where isHostKey(name) && !made.contains(name) {
            Removal.file(place.appending(name))
        }
    }

    private static func isHostKey(_ name: String) -> Bool { name.hasPrefix("ssh_host_") && name.contains("_key") }
}
