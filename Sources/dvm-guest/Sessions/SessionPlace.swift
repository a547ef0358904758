internal import DVMProtocol

/// What root has made for one session: its directory, its control group and its surroundings.
final class SessionPlace {
    let directory: SessionDirectory
    let group: ControlGroup
    /// The agent, as its site has it.
    let agent: Spawn.Agent
    private var surroundings: SessionSurroundings
    /// What is known of the session once its surroundings were taken down.
    private(set) var facts = SessionFacts()

    /// Makes the place for a session.
    ///
    /// - Parameters:
    ///   - agent: whose.
    ///   - asked: the limits that somebody wrote down.
    ///   - tell: tells whoever asked for the session something meanwhile.
    /// - Throws: a `Refusal`; then nothing is left of it.
    init(for agent: Spawn.Agent, asked: SessionLimits, telling tell: @escaping (SessionNote) -> Void) throws(Refusal) {
        let directory = try SessionDirectory(making: agent.session)
        do throws(Refusal) {
            group = try AgentGroups.make(agent.session, agent.policy.limits, asked: asked)
        } catch {
            AgentGroups.of(agent.session).remove()
            directory.remove()
            throw error
        }
        do throws(Refusal) {
            let site = try SessionSite(of: agent, in: group, telling: tell)
            surroundings = try SessionSurroundings.make(at: site)
            self.agent = site.agent
        } catch {
            group.remove()
            directory.remove()
            throw error
        }
        self.directory = directory
    }

    /// Ends every process of the session and takes its surroundings down.
    ///
    /// The directory stays until whoever asks for the session can find its record.
    func takeDown() -> [SessionNote] {
        var notes: [SessionNote] = []
        if !group.killAll() {
            notes.append(Self.hanging)
        }
        facts.limits = LimitNotes.met(in: group)
        notes += LimitNotes.of(group)
        notes += surroundings.end()
        facts.add(surroundings.facts)
        return notes
    }

    /// What is said when a session is not over, whatever was done to it.
    static let hanging = SessionNote(.warning, "a process of the session cannot be ended: it hangs in the VM's kernel")

    /// Removes what is left of it.
    func remove() {
        group.remove()
        directory.remove()
    }
}
