internal import DVMProtocol

/// The account AI tools run as, and where its things are.
enum AgentAccount {
    static let name = "dvm-agent"

    /// The directory of root's below which each tool has a home.
    static let homes = "/var/lib/dvm-agent"

    /// What keeps the account from logging in with a key, should there be one.
    static let sshRule: FilePath = "/etc/ssh/sshd_config.d/10-dvm.conf"
    static let sshRuleText = "# Written by dvm: agents start in their sandbox only.\nDenyUsers \(name)\n"

    /// The home a tool has for itself: one tool's credentials are not another's.
    static func home(of tool: Tool) -> String { "\(homes)/\(tool.name)" }
}
