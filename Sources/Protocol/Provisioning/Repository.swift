/// Where a project's code comes from.
public struct Repository: Hashable, Codable, Sendable {
    /// Its address: `https://…`, `ssh://…` or `git@host:path`.
    public var address: String
    /// The branch or tag to check out; what its `HEAD` says when absent.
    public var branch: String?

    /// A repository.
    public init(address: String, branch: String? = nil) {
        self.address = address
        self.branch = branch
    }

    /// Refuses what git would take for something else than an address, and what would be a secret in a file.
    ///
    /// - Throws: a `Refusal` that names the part, but no password in it.
    public func check() throws(Refusal) {
        try checkAddress()
        guard let branch else { return }
        let allowed = branch.utf8.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "-_./+#@".utf8.contains($0) }
        let isPlain = !branch.contains("..") && !branch.contains("//") && !branch.contains("@{")
        guard allowed, isPlain, let first = branch.utf8.first, Ascii.isLetter(first) || Ascii.isDigit(first),
            branch.utf8.count <= 200, !branch.hasSuffix("/"), !branch.hasSuffix(".lock")
        else {
            throw Refusal("“\(branch.printable)” cannot be the branch of a repository")
        }
    }

    /// Whether it is reached over SSH, with a key of the VM's.
    public var isOverSSH: Bool { !address.hasPrefix("https://") }

    /// The server it is reached on over SSH, in lower case; nothing when that is no name or an address of IPv6.
    public var sshHost: String? {
        guard isOverSSH else { return nil }
        let login =
            Self.rest(of: address, after: "ssh://").map { $0.prefix { $0 != "/" } } ?? address.prefix { $0 != ":" }
        let host = login.drop { $0 != "@" }.isEmpty ? login : login.drop { $0 != "@" }.dropFirst()
        let name = host.prefix { $0 != ":" }.lowercased()
        return SSHKeyRequest.isHost(name) ? name : nil
    }

    private func checkAddress() throws(Refusal) {
        let hint = "write it as https://host/path, ssh://git@host/path or git@host:path"
        let characters = address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"'`\\$&|;<>(){}*?!".utf8.contains($0) }
        guard characters, address.utf8.count <= 1024 else {
            throw Refusal("“\(address.printable)” cannot be the address of a repository", hint: hint)
        }
        if let rest = Self.rest(of: address, after: "https://") {
            guard !rest.prefix(while: { $0 != "/" }).contains("@") else {
                throw Refusal(
                    "the address of the repository has a name or password in it, which would stay in the VM",
                    hint: "use git@host:path with a key of the VM's, or an address without them"
                )
            }
            guard Self.isHost(rest.prefix { $0 != "/" }), rest.contains("/") else {
                throw Refusal("“\(address.printable)” names no host and path", hint: hint)
            }
        } else if let rest = Self.rest(of: address, after: "ssh://") {
            let place = rest.prefix { $0 != "/" }
            guard Self.isLogin(place), rest.contains("/") else {
                throw Refusal("“\(address.printable)” names no host and path", hint: hint)
            }
        } else {
            let parts = address.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !address.contains("://"), Self.isLogin(parts[0]), parts[0].contains("@"),
                !parts[1].isEmpty, !parts[1].hasPrefix(":"), !parts[1].hasPrefix("-")
            else { throw Refusal("“\(address.printable)” cannot be the address of a repository", hint: hint) }
        }
    }

    private static func rest(of address: String, after scheme: String) -> Substring? {
        address.hasPrefix(scheme) ? address.dropFirst(scheme.count) : nil
    }

    /// A user, if one is named, and a host with or without a port: none may look like an option to ssh.
    private static func isLogin(_ text: Substring) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.last, isHost(host) else { return false }
        return parts.count == 1 || isHost(parts[0])
    }

    private static func isHost(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, Ascii.isLetter(first) || Ascii.isDigit(first) || first == UInt8(ascii: "[")
        else { return false }
        return text.utf8.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "-._:[]~".utf8.contains($0) }
    }
}

/// What became of getting the code in.
public struct CloneOutcome: Hashable, Codable, Sendable {
    /// What was found in the code directory, or put there.
    public enum State: String, Hashable, Codable, Sendable {
        /// The repository is there now.
        case cloned
        /// There was a repository already, which was left alone.
        case present
        /// There was something else, which was left alone.
        case occupied
    }

    /// What the code directory has.
    public var state: State
    /// Its absolute path.
    public var codeDirectory: String

    /// An outcome.
    public init(state: State, codeDirectory: String) {
        self.state = state
        self.codeDirectory = codeDirectory
    }
}
