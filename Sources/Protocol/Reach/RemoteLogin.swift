/// What a host needs to know of a VM to log in to it with SSH.
public struct RemoteLogin: Hashable, Codable, Sendable {
    /// The account people work as.
    public var user: String
    /// The absolute path of the project.
    public var codeDirectory: String
    /// The keys by which the VM's sshd is known.
    public var hostKeys: [PublicKey]

    /// The most keys a VM may have.
    public static let mostKeys = 16

    /// A finding.
    public init(user: String, codeDirectory: String, hostKeys: [PublicKey]) {
        self.user = user
        self.codeDirectory = codeDirectory
        self.hostKeys = hostKeys
    }

    /// Refuses what no VM that dvm has set up would say.
    ///
    /// - Throws: a `Refusal` that names the part; the account that may become root is refused like a name that is none.
    public func check() throws(Refusal) {
        try AccountName.check(user)
        guard codeDirectory.hasPrefix("/") else {
            throw Refusal("“\(codeDirectory.printable)” is not an absolute path in the VM")
        }
        try GuestPath.check(codeDirectory)
        guard (1...Self.mostKeys).contains(hostKeys.count) else {
            throw Refusal("the VM names \(hostKeys.count) keys of its sshd, which should be 1 to \(Self.mostKeys)")
        }
    }
}
