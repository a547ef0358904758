/// What a copied VM is to become, so that it is another one than it was copied from.
public struct IdentityRenewal: Hashable, Codable, Sendable {
    /// The host name it gets.
    public var hostName: String
    /// Whether the keys of the user stay: those of SSH in `~/.ssh`, and those of GnuPG.
    public var keepsKeys: Bool
    /// Whether nothing is done where the VM's own record says that its identity is of that name already: its disk may
    /// have been put back to another's, and nobody but the VM knows.
    public var unlessItsOwn: Bool?

    /// An order.
    public init(hostName: String, keepsKeys: Bool = false, unlessItsOwn: Bool? = nil) {
        self.hostName = hostName
        self.keepsKeys = keepsKeys
        self.unlessItsOwn = unlessItsOwn
    }

    /// Refuses what cannot be a host name: it goes into files of the system's.
    ///
    /// - Throws: a `Refusal` that quotes it.
    public func check() throws(Refusal) {
        let isPlain = hostName.utf8.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || $0 == UInt8(ascii: "-") }
        guard isPlain, (1...63).contains(hostName.utf8.count), !hostName.hasPrefix("-") else {
            throw Refusal("“\(hostName.printable)” cannot be a host name")
        }
    }
}

/// What a renewal came to.
public struct IdentityRenewed: Hashable, Codable, Sendable {
    /// Keys that dvm makes for a VM.
    public enum Keys: String, Hashable, Codable, Sendable {
        case ssh, gpg

        /// The keys in words.
        public var text: String {
            switch self {
            case .ssh: "SSH keys of its own"
            case .gpg: "a GPG key of its own"
            }
        }

        /// The command of dvm's that shows them.
        public var command: String {
            switch self {
            case .ssh: "ssh-key"
            case .gpg: "gpg-key"
            }
        }
    }

    /// The private keys that were removed, by their paths in the user's home.
    public var removedKeys: [String]
    /// The keys of dvm's that were made anew.
    public var made: Set<Keys>
    /// The recipes whose services were signed in as the other VM, and which count as never run now.
    public var units: [String]
    /// What the person should know, a sentence each.
    public var notes: [String]

    /// An outcome.
    public init(removedKeys: [String], made: Set<Keys> = [], units: [String] = [], notes: [String] = []) {
        self.removedKeys = removedKeys
        self.made = made
        self.units = units
        self.notes = notes
    }
}
