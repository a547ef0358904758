internal import DVMProtocol

/// What is remembered of a project before a session, and compared and taken back after it.
final class ProjectGuard: SessionPart {
    private let agent: Spawn.Agent
    private let project: PinnedDirectory
    private let before: Inventory
    private let clock: ChangeClock
    private let shadow: ShadowTransfer?

    /// Looks at the project, which no process of the session has touched yet.
    ///
    /// - Throws: a `Refusal` when it cannot be looked at.
    static func make(for agent: Spawn.Agent) throws(Refusal) -> Self { try Self(agent) }

    private init(_ agent: Spawn.Agent) throws(Refusal) {
        let project = try Project.pin(agent)
        let agent = try ProjectMount.settled(agent, on: project)
        // Read before anything is looked at: what changes meanwhile counts as changed.
        clock = ChangeClock()
        before = try Looking.ask(.inventory(Surveyor.Order(agent)), project.descriptor.raw, agent)
        // It travels back in a frame when the session has ended, when it would be too late to find out that it does not.
        guard let size = try? JSON.encode(before).count, size < Frame.largestPayload - 16 * 1024 else {
            throw Refusal(
                "the git repositories of the project have more state than can be compared after a session",
                hint: "look at skip-worktree and assume-unchanged files and at .git files with very long names in it"
            )
        }
        shadow = try agent.policy.git == .shadow ? ShadowTransfer.prepare(before.main, agent) : nil
        self.agent = agent
        self.project = project
    }

    /// Takes back what was planted, and says what a person should know.
    ///
    /// The session must have ended: no process of it may be left to plant it again.
    func end() -> [SessionNote] {
        // In this order: packing up runs git on a repository of the agent's, inside a sandbox of the agent's, and is as
        // good as a part of the session. Taking in runs git on the developer's, where nothing planted may be left.
        let packed = shadow?.pack()
        return review() + (packed.map { shadow?.takeOver($0) ?? [] } ?? [])
    }

    private func review() -> [SessionNote] {
        let order = Reviewer.Order(
            rules: Surveyor.Order(agent),
            before: before,
            started: clock.started,
            suffix: ".dvm-\(agent.session)"
        )
        do throws(Refusal) {
            // Its owner looks: what the agent made must be open to them first.
            if agent.policy.access == .acl { try ProjectAccess.share(agent) }
            let findings: Findings = try Looking.ask(.review(order), project.descriptor.raw, agent)
            return findings.notes
        } catch {
            return [
                SessionNote(.warning, "what the session left in the project could not be looked at: \(error.message)")
            ]
        }
    }
}
