internal import DVMProtocol

/// The rule by which the user becomes root, where they asked for that (sudoers(5)).
enum SudoRule {
    static let path = "/etc/sudoers.d/90-dvm-user"
    private static let trial = "/run/dvm/sudoers"

    /// The text of the rule; the name has letters, digits, hyphens and underscores only.
    static func text(for user: String) -> String {
        SystemTree.mark + "\(user) ALL=(ALL:ALL) NOPASSWD: ALL\n"
    }

    /// Writes the rule, or takes it away.
    ///
    /// - Returns: whether anything changed.
    /// - Throws: a `Refusal` when sudo would not take it: a wrong line there keeps everybody from becoming root, dvm too.
    static func set(_ isWanted: Bool, for user: String, in system: SystemTree) throws(Refusal) -> Bool {
        guard isWanted else { return try system.write(nil, to: path) }
        let text = text(for: user)
        if try system.text(path) == text { return false }
        _ = try system.write(text, to: trial, mode: .ownerReadWrite)
        defer { _ = try? system.write(nil, to: trial) }
        guard try system.status(["visudo", "-c", "-q", "-f", "\(system.path(trial))"]) == .exited(0) else {
            throw Refusal("sudo in the VM does not take the rule that DVM_SUDO=1 needs", hint: "take DVM_SUDO out")
        }
        return try system.write(text, to: path, mode: [.ownerRead, .groupRead])
    }
}
