internal import DVMProtocol

/// The program an account's logins start.
enum LoginShell {
    /// Sets the login shell of an account.
    ///
    /// - Parameters:
    ///   - wanted: its path, or its name.
    ///   - account: the account.
    ///   - system: the VM's.
    /// - Returns: whether it was another.
    /// - Throws: a `Refusal` when the VM has no such login shell: with one that is missing nobody could log in.
    static func set(_ wanted: String?, for account: Accounts.Account, in system: SystemTree) throws(Refusal) -> Bool {
        guard let wanted else { return false }
        let known = shells(in: try system.text("/etc/shells")).filter { system.has($0) }
        guard let shell = find(wanted, among: known) else {
            let names = Set(known.compactMap { FilePath($0).lastComponent?.string }).sorted()
            throw Refusal(
                "“\(wanted.printable)” is not a login shell of the VM",
                hint: "use a recipe that installs it, or one of those there are: \(names.joined(separator: ", "))"
            )
        }
        guard account.shell != shell else { return false }
        // Two paths of one program, such as /bin/zsh and /usr/bin/zsh.
        if !wanted.contains("/"), known.contains(account.shell), account.shell.hasSuffix("/\(wanted)") { return false }
        try system.program(["usermod", "--shell", shell, account.name])
        return true
    }

    /// The shells in the text of shells(5).
    static func shells(in text: String) -> [String] {
        text.parts(between: "\n").map { String($0.prefix { $0 != "#" }).filter { !$0.isWhitespace } }.filter {
            $0.hasPrefix("/")
        }
    }

    private static func find(_ wanted: String, among shells: [String]) -> String? {
        shells.first { wanted.contains("/") ? $0 == wanted : FilePath($0).lastComponent?.string == wanted }
    }
}
