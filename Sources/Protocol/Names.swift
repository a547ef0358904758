/// The account Lima logs in as: it may become root in the VM, and does nothing else there.
public enum ControlAccount {
    /// Its name in every VM.
    public static let name = "dvm"
}

/// The rule for the account people work as.
public enum AccountName {
    /// Accounts that are something else in every VM.
    public static let taken: Set<String> = ["root", ControlAccount.name, "dvm-agent", "nobody"]

    /// Refuses what no distribution's `useradd` takes, and the accounts that have another job.
    ///
    /// Whether a system account has the name is known only in the VM, and is refused there.
    ///
    /// - Throws: a `Refusal` that quotes the name.
    public static func check(_ name: String) throws(Refusal) {
        let first = "abcdefghijklmnopqrstuvwxyz_"
        guard let start = name.first, first.contains(start), name.utf8.count <= 32,
            name.allSatisfy({ (first + "0123456789-").contains($0) })
        else {
            throw Refusal(
                "“\(name.printable)” cannot name a user in the VM",
                hint: "use up to 32 lowercase letters, digits, hyphens and underscores, starting with a letter"
            )
        }
        guard !taken.contains(name) else {
            throw Refusal(
                "“\(name)” cannot be the user people work as: it has another job in the VM",
                hint: "leave DVM_USER out to use “developer”"
            )
        }
    }
}

/// The rule for paths in the VM that a configuration may name.
public enum GuestPath {
    /// Refuses what is not absolute or below `~`, and what needs resolving.
    ///
    /// - Throws: a `Refusal` that quotes the path.
    public static func check(_ path: String) throws(Refusal) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let depth = path.hasPrefix("~/") ? 2 : 3
        let plain = !parts.dropFirst().contains { $0.isEmpty || $0 == "." || $0 == ".." }
        let clean = path.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard path.hasPrefix("/") || path.hasPrefix("~/"), plain, clean, path.utf8.count <= 1024 else {
            throw Refusal(
                "“\(path.printable)” cannot be the code directory",
                hint:
                    "write an absolute path in the VM or one that starts with ~/, without . or .. and without a / at the end"
            )
        }
        guard parts.count >= depth else {
            throw Refusal(
                "“\(path.printable)” is too near the top of the VM to be the code directory",
                hint: "use a directory of its own, such as ~/code/app"
            )
        }
    }
}
