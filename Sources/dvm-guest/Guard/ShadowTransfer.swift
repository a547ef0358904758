internal import DVMProtocol
internal import Glibc

/// The way of commits out of a shadowed git directory: only data crosses, and it is taken in by git with everything off
/// that a repository can make it run.
struct ShadowTransfer {
    private let agent: Spawn.Agent
    private let git: SafeGit
    private let layers: ShadowLayers
    /// Where the repository stood.
    let before: Position
    /// Bytes of what may come out of a session: git and the agent's programs write it to a disk that is not theirs alone.
    var largestBundle = 2 << 30

    struct Position: Equatable, Codable {
        /// The checked-out branch as a full name; absent when none is.
        var branch: String?
        var commit: String?
        /// Whether nothing is staged, so that a newer index takes nothing away.
        var isClean: Bool
    }

    /// Makes room for a session's changes and remembers where the repository stands.
    ///
    /// - Parameters:
    ///   - repository: the project's git directory.
    ///   - agent: the session's.
    ///   - group: the session's control group, in which nothing runs yet.
    /// - Returns: `nil` without a repository.
    /// - Throws: a `Refusal` when there is no room, or git does not say where it stands.
    static func prepare(_ repository: TreePath?, _ agent: Spawn.Agent, in group: ControlGroup) throws(Refusal)
        -> Self?
    {
        guard let repository else { return nil }
        try ShadowLayers(agent.session).make(for: agent)
        let position = try Position(git(repository, agent, in: group))
        return Self(of: repository, agent, in: group, before: position)
    }

    /// The transfer of a session that was prepared before; `nil` without a repository.
    init?(of repository: TreePath?, _ agent: Spawn.Agent, in group: ControlGroup, before: Position) {
        guard let repository else { return nil }
        self.agent = agent
        self.before = before
        git = Self.git(repository, agent, in: group)
        layers = ShadowLayers(agent.session)
    }

    private static func git(_ repository: TreePath, _ agent: Spawn.Agent, in group: ControlGroup) -> SafeGit {
        SafeGit(repository: "\(agent.project)/\(repository)", owner: agent, group: group)
    }

    /// What came of packing up: a bundle, nothing to pack, or why it went wrong.
    enum Packed {
        case bundle, nothing
        case failed(Refusal)
    }

    /// Packs up what is new in the shadow, in a sandbox like the session's, by the agent and within the session's limits.
    ///
    /// - Parameter group: the session's; what runs in it when this returns is to be ended.
    /// - Returns: what came of it.
    func pack(in group: ControlGroup) -> Packed {
        do throws(Refusal) {
            let tips = try Self.names(in: git.run(.tips(200)) ?? [])
            return try pack(without: tips + [before.commit].compactMap { $0 }, in: group) ? .bundle : .nothing
        } catch {
            return .failed(error)
        }
    }

    /// Moves the session's commits into the repository, below `refs/dvm/<session>/`, and its branch forward where nobody
    /// else did.
    ///
    /// - Returns: what a person should know.
    func takeOver(_ packed: Packed) -> [SessionNote] {
        do throws(Refusal) {
            var notes: [SessionNote] = []
            switch packed {
            case .failed(let refusal): throw refusal
            case .nothing: break
            case .bundle:
                let references = try takeIn()
                notes.append(SessionNote(.notice, "the session's commits are at \(prefix)"))
                let stayed = try moveForward(references)
                notes.append(stayed ?? SessionNote(.notice, "\(before.branch ?? "the branch") has them"))
            }
            try layers.remove()
            return notes
        } catch {
            let text = "the session's commits could not be taken over: \(error.message); its .git is at \(layers.upper)"
            return [SessionNote(.warning, text)]
        }
    }

    private var prefix: String { "refs/dvm/\(agent.session)" }

    // MARK: Out of the shadow

    /// Takes the bundle in.
    ///
    /// - Returns: the references it has, by name.
    private func takeIn() throws(Refusal) -> [String: String] {
        let bundle = try Self.open(layers.bundle, .readOnly)
        guard let answer = try git.run(.unbundle, input: bundle.raw) else {
            throw Refusal("what git packed up in the sandbox is no bundle")
        }
        var references: [String: String] = [:]
        for line in String(decoding: answer, as: UTF8.self).split(separator: "\n").prefix(256) {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2, Self.isName(words[0]) else { continue }
            references[words[1]] = words[0]
        }
        let none = String(repeating: "0", count: references.first?.value.count ?? 40)
        for (name, commit) in references.sorted(by: { $0.key < $1.key }) {
            // Before a name makes them part of the repository.
            guard try git.run(.isComplete(commit)) != nil else { throw Refusal("parts of \(commit) are missing") }
            let place = name.hasPrefix("refs/") ? String(name.dropFirst(5)) : name
            guard try git.run(.move(reference: "\(prefix)/\(place)", to: commit, from: none)) != nil else {
                throw Refusal("git would not make \(prefix)/\(place)")
            }
        }
        return references
    }

    /// Has git pack up, in a sandbox like the session's and by the agent, what these commits do not have.
    private func pack(without tips: [String], in group: ControlGroup) throws(Refusal) -> Bool {
        let file = try Self.open(layers.bundle, .writeOnly, [.create, .truncate])
        // Whatever the mask says: the owner opens it by the descriptor it is given.
        try Status.change([.ownerReadWrite, .groupRead, .otherRead], of: file.raw, called: layers.bundle)
        let script = """
            head=; git rev-parse --quiet --verify HEAD >/dev/null && head=HEAD
            new=$(git rev-list --ignore-missing -n 1 $head --all --not "$@") || exit 3
            [ -n "$new" ] || exit 4
            exec git bundle create --quiet - --ignore-missing $head --all --not "$@"
            """
        var order = agent
        order.directory = ""
        order.policy.network = NetworkPolicy()
        order.policy.network.uplink = .none
        order.largestFile = largestBundle
        let answer = try Entering.run(
            Spawn(
                words: ["/bin/sh", "-c", script, "sh"] + tips,
                environment: ["PATH": "/usr/bin:/bin", "HOME": agent.home, "LANG": "C.UTF-8"],
                terminal: false,
                confinement: .agent(order)
            ),
            into: file.raw,
            group: group
        )
        // Whichever of git's processes was stopped there: the others only say that one of them died.
        if answer.exit != .exited(0), try Status.of(file.raw, called: "the bundle").size >= largestBundle {
            throw Refusal("packed up, they come to more than \(largestBundle >> 20) MiB")
        }
        switch answer.exit {
        case .exited(0): return true
        case .exited(4): return false
        // The kernel ends a session that needs more than DVM_AI_MEMORY.
        case .signaled: throw Refusal("git in the sandbox was ended by signal, as by a limit of the session")
        case .exited(let status): throw Refusal("git in the sandbox ended with status \(status)")
        }
    }

    // MARK: Forward

    /// Moves the branch and the index forward when nobody used either meanwhile.
    ///
    /// - Returns: why not; `nil` when it did.
    private func moveForward(_ references: [String: String]) throws(Refusal) -> SessionNote? {
        func not(_ why: String) -> SessionNote {
            SessionNote(.notice, "\(why), so no branch was moved: `git merge \(prefix)/HEAD` takes them over")
        }
        guard let branch = before.branch, let old = before.commit else { return not("no branch was checked out") }
        guard let new = references["HEAD"], references[branch] == new else {
            return not("the session did not stay on \(branch)")
        }
        guard before.isClean, try Position(git) == before else { return not("\(branch) was in use meanwhile") }
        guard try git.run(.isAncestor(old, of: new)) != nil else { return not("\(branch) would lose commits") }
        let changes: [UInt8]?
        do throws(Refusal) {
            changes = try git.run(.changes(from: old, to: new))
        } catch {
            // Never a part of it: what is looked for may be in the rest.
            return not("git's list of their changes is too long, or takes too long")
        }
        guard let changes else { return not("git cannot compare them") }
        // git would go into them, configuration and all.
        guard !changes.split(separator: 0).contains(where: Self.makesLink) else {
            return not("they make a directory another repository")
        }
        guard try git.run(.move(reference: branch, to: new, from: old)) != nil else {
            return not("\(branch) moved meanwhile")
        }
        guard try git.run(.readIntoIndex(new)) != nil else {
            return SessionNote(.warning, "\(branch) was moved and its index was not: run `git reset` in the project")
        }
        return nil
    }

    /// Whether a line of `diff-tree --raw`, `:old new hash hash status`, is about a submodule that is there afterwards.
    private static func makesLink(_ line: ArraySlice<UInt8>) -> Bool {
        line.first == UInt8(ascii: ":") && line.dropFirst(8).starts(with: "160000".utf8)
    }

    private static func open(
        _ path: FilePath,
        _ mode: FileDescriptor.AccessMode,
        _ options: FileDescriptor.OpenOptions = []
    ) throws(Refusal) -> OwnedDescriptor {
        do {
            let options = options.union([.closeOnExec, .noFollow])
            return OwnedDescriptor(
                try FileDescriptor.open(path, mode, options: options, permissions: .ownerReadWrite)
            )
        } catch {
            throw Refusal("\(path) cannot be opened: \(error)")
        }
    }

    private static func names(in output: [UInt8]) -> [String] {
        output.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }.filter(isName)
    }

    /// Whether a text is the name of an object, and nothing that git would take for an option or a range.
    private static func isName(_ text: String) -> Bool {
        [40, 64].contains(text.utf8.count) && text.utf8.allSatisfy("0123456789abcdef".utf8.contains)
    }
}

extension ShadowTransfer.Position {
    /// Where a repository stands now.
    init(_ git: SafeGit) throws(Refusal) {
        branch = try git.line(.currentBranch)
        commit = try git.line(.resolve("HEAD"))
        isClean = try commit.map { commit throws(Refusal) in try git.run(.indexMatches(commit)) != nil } ?? false
    }
}
