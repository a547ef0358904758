/// An AI tool that runs in the agent's sandbox.
public struct Tool: Hashable, Sendable {
    /// What people call it, and the name of its wrapper and of its home.
    public var name: String
    /// What it is, in a few words.
    public var summary: String
    /// Its program as an absolute path in the VM.
    public var program: String
    /// Arguments before the person's: our sandbox takes the place of the tool's own sandbox and prompts.
    public var unattended: [String] = []
    /// Variables it always gets.
    public var settings: [String: String] = [:]
    /// Variables it gets when the caller has set them.
    public var passed: [String] = []
    /// The servers it needs, at port 443: what it reaches where only named hosts can be reached.
    public var domains: [String] = []

    /// Where a tool installed by dvm has its program.
    static func installed(_ name: String) -> String { "/usr/local/libexec/dvm/tools/\(name)/bin/\(name)" }

    /// The tool with a name.
    ///
    /// - Throws: a `Refusal` that lists the tools there are.
    public static func named(_ name: String) throws(Refusal) -> Self {
        guard let tool = all.first(where: { $0.name == name }) else {
            throw Refusal(
                "there is no AI tool called “\(name.printable)”",
                hint: "there are \(all.map(\.name).joined(separator: ", "))"
            )
        }
        return tool
    }
}
