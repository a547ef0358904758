internal import DVMProtocol

/// What `serve` orders of a fresh `dvm-guest session`, in the first frame on its descriptor 3.
struct SessionOrder: Hashable, Codable {
    /// What the program is to become; its confinement is an agent's.
    var spawn: Spawn
    /// The size of its terminal; without one, its streams are pipes.
    var terminal: TerminalSize?
    /// Who works on the terminal.
    var owner: UInt32
    /// How many bytes of each output stream may be sent before the first credit.
    var outputWindow: Int
    /// Whether it goes on when the link ends.
    var detached: Bool
    /// Who asked for it.
    var asker: SessionSummary.Asker
    /// Where it waits for a browser, when it is a sign-in.
    var callback: Tool.SignIn.Callback?

    /// The agent that is ordered.
    ///
    /// - Throws: a `Refusal` when it is something else.
    func agent() throws(Refusal) -> Spawn.Agent {
        guard case .agent(let agent) = spawn.confinement else { throw Refusal("only agents have sessions") }
        return agent
    }
}
