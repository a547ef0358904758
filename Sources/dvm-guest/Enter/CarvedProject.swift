internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A staged project on which what a session must not change or see has mounts of its own.
///
/// Each path is looked up once, below the mount and without a link, and from then on meant by its descriptor. What a
/// running agent swaps meanwhile is either what was found or refuses the start.
struct CarvedProject {
    /// What is done to which path, outermost first: so that what is inside is looked up through the mount around it.
    let carveOuts: [CarveOut]
    /// The git directory that is covered by a copy, and the session's directory for that.
    let shadow: ShadowGit?

    /// Plans from what the project's owner finds in it.
    ///
    /// - Throws: a `Refusal` when that cannot be found out, or is more than can be protected.
    static func plan(_ project: borrowing PinnedDirectory, _ agent: Spawn.Agent) throws(Refusal) -> Self {
        let survey = try Looking.survey(project.descriptor.raw, agent)
        if agent.policy.secrets == .hidden { try checkSecrets(of: survey) }
        let shadow = try agent.policy.git == .shadow ? ShadowGit.of(survey, agent) : nil
        return Self(carveOuts: survey.carveOuts(agent.policy.git), shadow: shadow)
    }

    /// Puts the mounts onto the project, which must be mounted by now.
    ///
    /// - Parameters:
    ///   - project: the project's mount.
    ///   - root: a directory of root's in this mount namespace, for what is mounted elsewhere first.
    /// - Throws: a `Refusal` that names the path that is not what was planned for.
    func carve(_ project: borrowing DetachedMount, at root: String) throws(Refusal) {
        let tree = ProjectTree(top: project.descriptor.raw)
        let empty = carveOuts.contains { $0.kind == .hidden } ? try Self.emptyFile(at: "\(root)/empty") : nil
        for carveOut in carveOuts {
            let place = try Self.pin(carveOut.path, in: tree)
            try Self.check(place, for: carveOut)
            switch carveOut.kind {
            case .pinned: try DetachedMount.of(place.raw, called: "\(carveOut.path)", readOnly: false).attach(to: place)
            case .readOnly:
                try DetachedMount.of(place.raw, called: "\(carveOut.path)", readOnly: true).attach(to: place)
            case .hidden:
                guard let empty else { continue }
                try DetachedMount.of(empty, called: "\(carveOut.path)", readOnly: true).attach(to: place)
            case .shadowed: try shadow?.cover(place, at: root)
            }
        }
    }

    /// A plan of the sandbox's mounts with these among them.
    func planned(in mounts: MountPlan) -> MountPlan {
        var mounts = mounts
        for carveOut in carveOuts {
            let isReadOnly = carveOut.kind == .readOnly || carveOut.kind == .hidden
            mounts.add(
                "\(View.workspace)/\(carveOut.path)",
                readOnly: isReadOnly,
                staged: "\(Staging.workspace)/\(carveOut.path)"
            )
        }
        return mounts
    }

    /// Takes hold of a path of the project.
    ///
    /// - Throws: a `Refusal` that names it when it leads through a link, or is not what its owner saw a moment ago.
    static func pin(_ path: TreePath, in tree: ProjectTree) throws(Refusal) -> OwnedDescriptor {
        do {
            return try tree.open(path, dvm_o_path)
        } catch .tooManySymbolicLinkLevels {
            throw Refusal(
                "\(path.description.printable) in the project is reached through a symbolic link, so it cannot be protected",
                hint: "put the file or directory itself in its place, or take the link out of the project"
            )
        } catch {
            throw changed(path, "\(error)")
        }
    }

    /// Refuses a project in which not every secret can be hidden.
    ///
    /// An agent makes as many files as it likes, so that a later session would be shown what could not be found among
    /// them.
    static func checkSecrets(of survey: Survey) throws(Refusal) {
        if let gap = survey.unsearched { throw refusal(gap) }
        guard survey.secrets.count < Survey.mostPaths else {
            throw Refusal(
                "the project has more than \(Survey.mostPaths) secrets near its top, too many to hide",
                hint: "keep them outside the project, or show them to the agents with DVM_AI_SECRETS=show"
            )
        }
        guard survey.stable else {
            throw Refusal(
                "directories in the project are renamed faster than it can be looked through for secrets",
                hint: "wait for what changes it, a build or another session, or set DVM_AI_SECRETS=show"
            )
        }
    }

    private static func refusal(_ gap: Survey.Unsearched) -> Refusal {
        let show = "or show secrets to the agents with DVM_AI_SECRETS=show"
        let deeper = "move them \(Surveyor.depth) directories deep, where they are not looked at, \(show)"
        switch gap {
        case .tooManyEntries:
            let most = Surveyor.Room.usual.entries
            return Refusal(
                "the project has more than \(most) files near its top, or half as many directories, too many to find the "
                    + "secrets among",
                hint: deeper
            )
        case .tooManyFiles:
            return Refusal(
                """
                the project has more than \(Surveyor.Room.usual.opened) small files near its top, too many to look for private \
                keys in each
                """,
                hint: deeper
            )
        case .closed(let path):
            return Refusal(
                "\(path.description.printable) in the project is closed to you, so it cannot be looked through for secrets",
                hint: "open it with `chmod u+rwx`, or move it out of the project, \(show)"
            )
        }
    }

    /// Looks whether what was taken hold of is what the project's owner saw.
    ///
    /// - Throws: a `Refusal` that names it when it is something else.
    static func check(_ place: borrowing OwnedDescriptor, for carveOut: CarveOut) throws(Refusal) {
        guard let inode = carveOut.inode else { return }
        let found = try Status.of(place.raw, called: "\(carveOut.path)")
        guard found.inode == inode else {
            throw changed(carveOut.path, "another \(found.isDirectory ? "directory" : "file") is there now")
        }
    }

    private static func changed(_ path: TreePath, _ how: String) -> Refusal {
        Refusal(
            "\(path.description.printable) in the project changed while the sandbox was being made: \(how)",
            hint: "start it again; if it stays like this, look whether another session swaps it"
        )
    }

    /// An empty file that everyone may read and nobody write: programs that copy or archive a tree go on working, as
    /// they would not with one that is closed.
    private static func emptyFile(at path: String) throws(Refusal) -> FileDescriptor {
        let file = try call("making an empty file") {
            unsafe open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
        }
        return FileDescriptor(rawValue: file)
    }
}
