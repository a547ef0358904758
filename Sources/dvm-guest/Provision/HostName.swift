internal import DVMProtocol
internal import Glibc

/// The name the VM calls itself.
enum HostName {
    /// Gives the VM a name, and an address for it: sudo complains about a host it cannot look up.
    static func set(_ name: String) throws(Refusal) -> Bool {
        var changed = try TextFile.write(
            name + "\n",
            to: "/etc/hostname",
            mode: [.ownerReadWrite, .groupRead, .otherRead]
        )
        let hosts = try TextFile.readIfPresent("/etc/hosts")
        if let completed = completed(hosts, with: name) {
            changed =
                try TextFile.write(completed, to: "/etc/hosts", mode: [.ownerReadWrite, .groupRead, .otherRead])
                || changed
        }
        try call("setting the host name") { unsafe sethostname(name, name.utf8.count) }
        return changed
    }

    /// The text of `/etc/hosts` with a line for the name, unless it has one.
    static func completed(_ hosts: String, with name: String) -> String? {
        let known = hosts.split(whereSeparator: \.isNewline).contains { line in
            line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).dropFirst().contains { $0 == name }
        }
        guard !known else { return nil }
        return hosts + (hosts.isEmpty || hosts.hasSuffix("\n") ? "" : "\n") + "127.0.1.1 \(name)\n"
    }
}
