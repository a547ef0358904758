internal import DVMProtocol

/// Having ssh use the access key, by a file of dvm's own that the user's includes.
extension SSHKeyMaker {
    private static let include = "Include ~/.ssh/dvm_config"

    /// Writes dvm's own file, and which host keys the usual servers have.
    ///
    /// - Returns: the servers the access key is used for.
    /// - Throws: a `Refusal` when something else is in its place.
    mutating func configure() throws(Refusal) -> [String] {
        let own = OwnFile("dvm_config")
        var hosts = SSHKeyRequest.usual
        if try own.status() != nil {
            let line = String(decoding: try own.bytes(), as: UTF8.self).split(separator: "\n").first {
                $0.hasPrefix("Host ")
            }
            hosts += (line ?? "").split(separator: " ").dropFirst().map(String.init).filter(SSHKeyRequest.isHost)
        }
        hosts += self.hosts
        var seen: Set<String> = []
        hosts = hosts.filter { seen.insert($0).inserted }
        guard hosts.count <= Self.mostHosts else {
            throw Refusal(
                "~/.ssh/dvm_config in the VM names more than \(Self.mostHosts) servers",
                hint: "remove it there"
            )
        }
        let known = OwnFile("dvm_known_hosts")
        try known.write(Array(KnownForges.text.utf8), mode: .ownerReadWrite)
        if try own.write(Array(Self.settings(for: hosts).utf8), mode: .ownerReadWrite) {
            changes.append("ssh uses the access key for \(hosts.joined(separator: ", "))")
        }
        return hosts
    }

    private static let mostHosts = 150

    private static func settings(for hosts: [String]) -> String {
        """
        # Written by `dvm ssh-key`, which writes it anew; put your own settings into config.
        Host \(hosts.joined(separator: " "))
            IdentityFile ~/.ssh/\(access)
            IdentitiesOnly yes
            AddKeysToAgent no
            UserKnownHostsFile ~/.ssh/known_hosts ~/.ssh/dvm_known_hosts
        Host \(KnownForges.keys.map(\.host).joined(separator: " "))
            StrictHostKeyChecking yes
        Host *

        """
    }

    /// Has the user's own file include dvm's: first, where it is in no block of another host's.
    ///
    /// - Throws: a `Refusal` that says which line to write when the file is not one to be replaced.
    mutating func include() throws(Refusal) {
        let config = OwnFile("config")
        // Through a link too: whoever keeps it elsewhere may have written the line themself.
        if let text = try? TextFile.readBytes(FilePath(config.name)), Self.includes(text) { return }
        do throws(Refusal) {
            let present = try config.status() == nil ? [] : config.bytes()
            try config.write(Array("\(Self.include)\n".utf8) + present, mode: .ownerReadWrite)
        } catch {
            throw Refusal(
                error.message,
                hint: "make “\(Self.include)” its first line yourself (`dvm sh`), and run the same command again"
            )
        }
        changes.append("added “\(Self.include)” to \(config.shown)")
    }

    private static func includes(_ text: [UInt8]) -> Bool {
        text.split(separator: UInt8(ascii: "\n")).contains { $0.elementsEqual(include.utf8) }
    }
}
