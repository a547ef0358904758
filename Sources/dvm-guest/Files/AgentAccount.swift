internal import DVMProtocol

/// The account AI tools run as, and where its things are.
enum AgentAccount {
    static let name = "dvm-agent"

    /// The directory of root's below which each tool has a home.
    static let homes = "/var/lib/dvm-agent"

    /// The home a tool has for itself: one tool's credentials are not another's.
    static func home(of tool: Tool) -> String { "\(homes)/\(tool.name)" }
}
