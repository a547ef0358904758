internal import DVMProtocol

/// What every part of a session's surroundings is made for: the agent, its control group and its project.
///
/// The project is looked up by its path here, once. The parts go on with the descriptor, and `enter` refuses to start in
/// another directory than this one.
final class SessionSite {
    /// The agent; its policy says how it gets at the project: `idmap` or `acl`, never `auto`.
    let agent: Spawn.Agent
    let project: PinnedDirectory
    /// Holds every process of the agent's, and is empty when there is none.
    let group: ControlGroup
    /// Tells whoever asked for the session something before it starts.
    let tell: (SessionNote) -> Void

    /// Pins the project of an agent and finds out how the agent can get at it.
    ///
    /// - Throws: a `Refusal` when it cannot, or when the project is none.
    init(of agent: Spawn.Agent, in group: ControlGroup, telling tell: @escaping (SessionNote) -> Void = { _ in })
        throws(Refusal)
    {
        let project = try Project.pin(agent)
        var agent = try ProjectMount.settled(agent, on: project)
        agent.pinned = FileIdentity(project.status)
        self.agent = agent
        self.project = project
        self.group = group
        self.tell = tell
    }
}
