internal import DVMProtocol
internal import Glibc

/// The directory a tool keeps its settings and sign-in in, pinned.
enum ToolHome {
    /// Pins an agent's home.
    ///
    /// - Throws: a `Refusal` when somebody but the agent owns it, or somebody but root could swap it.
    static func pin(_ agent: Spawn.Agent) throws(Refusal) -> PinnedDirectory {
        let home = try PinnedDirectory(agent.home, called: "the tool's home")
        let above = FilePath(agent.home).removingLastComponent()
        guard let parent = Status.of(above), parent.uid == 0, parent.mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw Refusal("\(above) must belong to root and be closed to writers", hint: remedy)
        }
        guard home.status.uid == agent.uid, home.status.mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw Refusal(
                "the tool's home \(agent.home) must belong to the agent (uid \(agent.uid)) alone",
                hint: remedy
            )
        }
        return home
    }

    private static let remedy = "run `dvm sync` for this VM on the host, which sets this right"
}
