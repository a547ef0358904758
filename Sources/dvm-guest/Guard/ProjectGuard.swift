internal import DVMProtocol

/// What is remembered of a project before a session, and compared and taken back after it.
final class ProjectGuard: SessionPart {
    private let site: SessionSite
    private let before: Inventory
    private let clock: ChangeClock
    private let shadow: ShadowTransfer?

    /// Looks at the project, which no process of the session has touched yet.
    ///
    /// - Throws: a `Refusal` when it cannot be looked at.
    static func make(at site: SessionSite) throws(Refusal) -> Self { try Self(site) }

    private init(_ site: SessionSite) throws(Refusal) {
        // Read before anything is looked at: what changes meanwhile counts as changed.
        clock = ChangeClock()
        before = try Looking.ask(.inventory(Surveyor.Order(site.agent)), at: site)
        // It travels back in a frame when the session has ended, when it would be too late to find out that it does not.
        guard let size = try? JSON.encode(before).count, size < Frame.largestPayload - 16 * 1024 else {
            throw Refusal(
                "the git repositories of the project have more state than can be compared after a session",
                hint: "look at skip-worktree and assume-unchanged files and at .git files with very long names in it"
            )
        }
        shadow = try site.agent.policy.git == .shadow ? ShadowTransfer.prepare(before.main, site.agent) : nil
        self.site = site
    }

    /// Takes back what was planted, and says what a person should know.
    ///
    /// The session must have ended: no process of it may be left to plant it again.
    func end() -> [SessionNote] {
        guard let shadow else { return review() }
        // In this order: packing up runs git on a repository of the agent's, inside a sandbox of the agent's, and is as
        // good as a part of the session. Taking in runs git on the developer's, where nothing planted may be left.
        let packed = shadow.pack(in: site.group)
        let isOver = site.group.killAll()
        let notes = review() + shadow.takeOver(packed)
        return isOver ? notes : notes + [SessionPlace.hanging]
    }

    private func review() -> [SessionNote] {
        let order = Reviewer.Order(
            rules: Surveyor.Order(site.agent),
            before: before,
            started: clock.started,
            suffix: ".dvm-\(site.agent.session)"
        )
        do throws(Refusal) {
            // Its owner looks: what the agent made must be open to them first.
            if site.agent.policy.access == .acl { try ProjectAccess.share(site) }
            let findings: Findings = try Looking.ask(.review(order), at: site)
            return findings.notes
        } catch {
            return [
                SessionNote(.warning, "what the session left in the project could not be looked at: \(error.message)")
            ]
        }
    }
}
