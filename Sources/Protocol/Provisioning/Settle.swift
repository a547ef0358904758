/// What is done when every unit has run: what needs a program that a recipe installs, and what a recipe may have undone.
public struct Settle: Hashable, Codable, Sendable {
    /// The user's login shell, by its path or by its name among those of `/etc/shells`; left alone when absent.
    public var loginShell: String?
    /// Who the user's commits are by; left alone when absent, and where the user chose another.
    public var git: GitIdentity?

    /// What is left to do.
    public init(loginShell: String? = nil, git: GitIdentity? = nil) {
        self.loginShell = loginShell
        self.git = git
    }

    /// Refuses what could not be a shell or an identity.
    ///
    /// - Throws: a `Refusal` that names the part.
    public func check() throws(Refusal) {
        if let loginShell { try Self.checkShell(loginShell) }
        try git?.check()
    }

    /// Refuses what is neither the path nor the name of a program: it becomes a field of `/etc/passwd`.
    public static func checkShell(_ shell: String) throws(Refusal) {
        let allowed = shell.utf8.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "/-_.+".utf8.contains($0) }
        guard allowed, shell.hasPrefix("/") || !shell.contains("/"), shell.utf8.count <= 128,
            let last = shell.split(separator: "/", omittingEmptySubsequences: false).last, !last.isEmpty,
            !last.hasPrefix("-"), !last.hasPrefix(".")
        else {
            throw Refusal("“\(shell.printable)” cannot be a login shell", hint: "write a name such as zsh, or its path")
        }
    }
}

/// Who commits are by.
public struct GitIdentity: Hashable, Codable, Sendable {
    /// `user.name` of git.
    public var name: String?
    /// `user.email` of git.
    public var email: String?

    /// An identity; what is absent is left alone.
    public init(name: String? = nil, email: String? = nil) {
        self.name = name
        self.email = email
    }

    /// Refuses what git would drop or a commit could not carry.
    ///
    /// - Throws: a `Refusal` that quotes the part.
    public func check() throws(Refusal) {
        for text in [name, email].compactMap(\.self) {
            let allowed = text.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x7F && $0 != "<" && $0 != ">"
            }
            guard allowed, text.contains(where: { !$0.isWhitespace }), text.utf8.count <= 200 else {
                throw Refusal("“\(text.printable)” cannot be the name or address of a commit")
            }
        }
    }
}

/// What `settle` came to.
public struct Settled: Hashable, Codable, Sendable {
    /// The steps that had something to do.
    public var changes: [String]
    /// What the person should know, a sentence each.
    public var notes: [String]

    /// An outcome.
    public init(changes: [String], notes: [String] = []) {
        self.changes = changes
        self.notes = notes
    }
}
