internal import DVMProtocol

/// What a session left in a project, found by the project's owner.
struct Findings: Hashable, Codable {
    /// A file that could make git run something, given another name.
    struct Aside: Hashable, Codable {
        var path: TreePath
        /// Its new name, in the same directory; absent when it could not be renamed.
        var name: TreePath?
        /// Whether what was there before the session is there again.
        var restored: Bool
    }

    var aside: [Aside] = []
    /// Settings that run programs in a repository nobody knew, from before the session.
    var suspicious: [TreePath] = []
    /// Repositories that were not there, and directories git now takes for other repositories.
    var repositories: [TreePath] = []
    var links: [TreePath] = []
    /// Files whose changes git was told not to show.
    var unseen: [TreePath] = []
    /// Steps of a rebase that a person would continue.
    var unfinished: [TreePath] = []
    /// What programs of a person run or obey by themselves that changed or is new, wherever it is.
    var protected: [TreePath] = []
    /// Changed files that run when somebody builds, tests, commits or pushes.
    var runsLater: [TreePath] = []
    /// New or changed programs.
    var executables: [TreePath] = []
    /// New links out of the project.
    var leaving: [TreePath] = []
    /// Hidden files, by where they were, that are now where they would not be hidden.
    var uncovered: [TreePath] = []
    /// Hidden files that another was put in the place of, which the session could see.
    var replaced: [TreePath] = []
    /// How many files changed, and how many of them are programs.
    var changedCount = 0
    var executableCount = 0
    /// Directories and indexes of git that could not be looked into.
    var closed: [TreePath] = []
    /// Directories that were closed to their owner, and are open again.
    var reopened: [TreePath] = []
    /// Directories that were not looked through, since there is too much in the project; the outermost ones first.
    var passedOver: [TreePath] = []
    var passedOverCount = 0
    /// Whether nothing was too deep to be looked at; what was is in one of the lists.
    var isWhole = true
    /// Whether everything was looked at, in what is in these lists and before the session.
    var complete = true
    /// What was looked at whole: git directories and files called `.git`, with their numbers in the file system.
    ///
    /// What could have made git run something is gone from them. For the next session, and not for people.
    var settled: [TreePath: UInt64] = [:]

    /// Of each kind: a note is for reading.
    static let most = 40

    /// Of each path, in bytes: what an agent made long must not cost the rest of the report.
    static let longest = 1000

    /// Takes note of what was looked at whole, as far as there is room for it in a frame.
    mutating func settle(_ paths: some Sequence<TreePath>, in tree: ProjectTree) {
        var room = Self.mostSettledBytes
        for path in paths {
            guard let inode = tree.status(path)?.inode else { continue }
            room -= path.cString.count
            guard room > 0, settled.count < Self.mostSettled else { return }
            settled[path] = inode
        }
    }

    /// What is left out is compared with an older state: nothing is lost.
    private static let mostSettled = 512
    /// Of all of them; JSON may need six for each.
    private static let mostSettledBytes = 16 << 10

    /// Adds a path to one of the lists unless it is there or full.
    mutating func add(_ path: TreePath, to list: WritableKeyPath<Self, [TreePath]>) {
        let path = path.shortened(to: Self.longest)
        guard self[keyPath: list].count < Self.most, !self[keyPath: list].contains(path) else { return }
        self[keyPath: list].append(path)
    }
}

extension Findings {
    /// What is recorded of them.
    var files: SessionFacts.Files {
        SessionFacts.Files(
            changed: changedCount,
            executable: executableCount,
            executables: executables.sorted().prefix(SessionFacts.most).map(\.description),
            complete: complete && passedOver.isEmpty
        )
    }

    /// What a person should know, most important first.
    var notes: [SessionNote] {
        var notes: [SessionNote] = []
        func note(_ weight: SessionNote.Weight, _ paths: [TreePath], _ text: (String) -> String) {
            guard !paths.isEmpty else { return }
            let shown = paths.sorted().prefix(8).map(\.description)
            let more = paths.count > shown.count ? " and \(paths.count - shown.count) more" : ""
            notes.append(SessionNote(weight, text(shown.joined(separator: ", ") + more)))
        }
        for found in aside {
            let was = found.restored ? "; what was there before is there again" : ""
            if let name = found.name {
                let text = "\(found.path) could have made git run a program, and is now \(name)\(was)"
                notes.append(SessionNote(.warning, text))
            } else {
                let text = "\(found.path) can make git run a program, and could not be renamed: look at it first"
                notes.append(SessionNote(.warning, text))
            }
        }
        note(.warning, suspicious) { "do not use git before you have looked at settings that run programs: \($0)" }
        note(.warning, links) { "git now takes these for repositories of their own and looks into them: \($0)" }
        note(.warning, unseen) { "git was told not to show changes of \($0)" }
        note(.warning, unfinished) { "a rebase is unfinished; read it before you continue it: \($0)" }
        note(.warning, protected) { "changed or new, and run or obeyed by programs of yours: \($0)" }
        note(.warning, leaving) { "new links lead out of the project: \($0)" }
        note(.warning, uncovered) { "secrets were moved to where the next session sees them; they were at \($0)" }
        note(.warning, replaced) {
            "secrets were saved anew while the session went on, and from then on it could read them: \($0)"
        }
        note(.notice, repositories) { "new repositories: \($0)" }
        note(.notice, runsLater) { "changed, and run when somebody builds, tests, commits or pushes: \($0)" }
        note(.notice, executables) { "new or changed programs: \($0)" }
        note(.warning, closed) { "could not be looked into: \($0)" }
        note(.warning, reopened) { "had been closed to you, and are open again: \($0)" }
        if changedCount > 0 {
            let programs = executableCount > 0 ? ", programs among them: \(executableCount)" : ""
            notes.append(SessionNote(.notice, "files changed in the project: \(changedCount)\(programs)"))
        }
        if !passedOver.isEmpty {
            let shown = passedOver.prefix(8).map(\.description).joined(separator: ", ")
            let more = passedOverCount > 8 ? " and \(passedOverCount - 8) more" : ""
            let text = """
                there is too much in the project to look for what could make git run a program. Run no git, and no editor \
                that does, in these, which were not looked through: \(shown)\(more). Remove what does not belong there; \
                the next session's end looks again
                """
            notes.append(SessionNote(.warning, text))
        }
        if !complete {
            let text = "there is more in the project than can be compared: not everything that is new can be told"
            notes.append(SessionNote(.warning, text))
        }
        return notes
    }
}
