internal import DVMProtocol

/// The agent's access to a project for one session: what is made before it and set right after it.
///
/// With an idmapped mount there is nothing to do. With access lists, files and directories get an entry for the agent
/// before the session; after it, what the agent made is opened to the developer.
struct ProjectAccess: SessionPart {
    private let site: SessionSite
    private let notes: [SessionNote]

    /// No project of a million files takes a tenth of it.
    private static let patience = Duration.seconds(900)

    /// Gives an agent its access.
    ///
    /// - Throws: a `Refusal` when it cannot have any; nothing is started then.
    static func make(at site: SessionSite) throws(Refusal) -> Self {
        guard site.agent.policy.access == .acl else { return Self(site: site, notes: try withdraw(at: site)) }
        return Self(site: site, notes: try walk(site, .grant).notes)
    }

    /// Opens what the agent made to the developer, once nothing of the session runs any more.
    ///
    /// - Returns: what the person should know of this and of the beginning.
    func end() -> [SessionNote] {
        guard site.agent.policy.access == .acl else { return notes }
        do throws(Refusal) {
            try Self.share(site)
            return notes
        } catch {
            return notes + [
                SessionNote(.warning, "what the agent made may be closed to you: \(error.message)")
            ]
        }
    }

    /// Opens what the agent made to the developer, where that is a matter of access lists.
    static func share(_ site: SessionSite) throws(Refusal) { _ = try walk(site, .share, as: site.agent.uid) }

    /// Takes entries of earlier sessions back: on an idmapped mount they name nobody, which `cp -a` would trip over.
    ///
    /// - Returns: what a person should know, such as that some stay.
    /// - Throws: a `Refusal` when it cannot be found out whether there are any, or when all stay.
    static func withdraw(at site: SessionSite) throws(Refusal) -> [SessionNote] {
        let project = site.project.descriptor.raw
        guard let list = try AccessList.readIfAny(project, site.project.path),
            list.entries[.user(site.agent.uid)] != nil
        else { return [] }
        // From its own files first, while it still gets at them. They stay its own, which an idmapped mount shows as
        // nobody's.
        _ = try walk(site, .withdraw, as: site.agent.uid)
        let report = try walk(site, .withdraw)
        var texts: [String] = []
        if report.foreign > 0 {
            texts.append(
                """
                in the project: \(report.foreign) files and directories are not yours, since the agent made them when it \
                worked by access lists; it cannot change them any more, and you can give them to yourself with chown
                """
            )
        }
        if report.failed > 0 {
            texts.append(
                """
                in the project: \(report.failed) files and directories could not be opened or changed, and may keep the \
                entry that the agent got when it worked by access lists; `setfacl -R -x u:\(AgentAccount.name) .` there takes it away
                """
            )
        }
        return texts.map { SessionNote(.warning, $0) }
    }

    /// Walks over a project as the owner of the files a job is for, beginning at the very directory that is pinned.
    private static func walk(_ site: SessionSite, _ job: AccessOrder.Job, as owner: UInt32? = nil) throws(Refusal)
        -> AccessReport
    {
        let agent = site.agent
        let order = String(decoding: try JSON.encode(AccessOrder(job, for: agent)), as: UTF8.self)
        let (_, output) = try Entering.run(
            Spawn(
                // The running program, under a name that means it whatever was put in its place.
                words: ["/proc/self/exe", "access", order],
                environment: ["LANG": "C.UTF-8"],
                terminal: false,
                confinement: .developer(identity(owner ?? agent.developerUid, agent))
            ),
            input: site.project.descriptor.raw,
            within: patience
        )
        guard let answer = try? JSON.decode(AccessAnswer.self, from: output) else {
            throw Refusal("the walk over the project \(site.project.path) ended without an answer")
        }
        switch answer {
        case .done(let report): return report
        case .refused(var refusal):
            refusal.message = "the agent's access to the project \(site.project.path): \(refusal.message)"
            throw refusal
        }
    }

    private static func identity(_ owner: UInt32, _ agent: Spawn.Agent) -> Spawn.Developer {
        guard owner == agent.uid else {
            return Spawn.Developer(uid: owner, gid: agent.developerGid, groups: [], directory: "/", home: "/")
        }
        // With the developer's group, to give files to it. No program of the agent ever has it; this one is ours.
        return Spawn.Developer(
            uid: owner,
            gid: agent.gid,
            groups: [agent.developerGid],
            directory: "/",
            home: "/"
        )
    }
}
