internal import DVMProtocol

/// The VM's sshd, as Debian and Fedora configure it.
enum SecureShell {
    static let directory: FilePath = "/etc/ssh"
    /// The rules of others than the distribution; sshd reads them in the order of their names, before its own.
    static let rules: FilePath = "/etc/ssh/sshd_config.d"

    /// Whether this VM's sshd has such rules.
    static var hasRules: Bool { Status.of(rules) != nil }

    /// Has sshd read its rules again; who is logged in stays.
    static func reload() throws(Refusal) {
        // Debian calls the unit ssh, Fedora sshd.
        let unit = try Run.status(of: ["systemctl", "is-active", "-q", "ssh.service"]) == .exited(0) ? "ssh" : "sshd"
        try Run.program(["systemctl", "reload", "\(unit).service"])
    }
}
