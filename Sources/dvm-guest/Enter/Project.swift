internal import DVMProtocol
internal import Glibc

/// The directory an agent may work in, pinned.
enum Project {
    /// Pins an agent's project, and refuses directories that are more than a project.
    ///
    /// - Throws: a `Refusal` that names the directory and what is wrong with it.
    static func pin(_ agent: Spawn.Agent) throws(Refusal) -> PinnedDirectory {
        let path = agent.project
        guard path != "/" else { throw tooMuch(path, "it is the whole VM") }
        if let place = systemPlaces.first(where: { path == $0 || path.hasPrefix($0 + "/") }) {
            throw tooMuch(path, "the sandbox has a \(place) of its own")
        }
        guard !path.hasPrefix("/workspace/") else {
            throw tooMuch(path, "inside the sandbox /workspace is the project itself")
        }
        let project = try PinnedDirectory(path, called: "the project")
        if let pinned = agent.pinned, pinned != FileIdentity(project.status) {
            throw Refusal(
                "another directory is at \(path) than a moment ago",
                hint: "look what replaced it, and start the tool again"
            )
        }
        guard project.status.uid == agent.developerUid else {
            throw Refusal(
                """
                the project \(path) belongs to uid \(project.status.uid), not to the user people work as \
                (uid \(agent.developerUid))
                """,
                hint: "give it to that user: `chown` it, or choose another DVM_CODE_DIR"
            )
        }
        if try containsHome(project, of: agent) {
            throw tooMuch(path, "it is or contains the home of the user people work as, keys and all")
        }
        if let place = secretPlace(path, of: agent) {
            throw tooMuch(path, "\(place) is closed to agents, and the project is in it or around it")
        }
        return project
    }

    /// A place with secrets that lies in a project, or a project in it.
    ///
    /// By path, since it is about what people keep where. What is not there yet counts as well: it may come.
    private static func secretPlace(_ path: String, of agent: Spawn.Agent) -> String? {
        let named = agent.policy.denied.map { $0.hasPrefix("~/") ? agent.developerHome + $0.dropFirst() : $0 }
        let places = SecretPlaces.inHome.map { "\(agent.developerHome)/\($0)" } + named
        return places.first { $0 == path || $0.hasPrefix(path + "/") || path.hasPrefix($0 + "/") }
    }

    /// What the view makes itself; a project there would be hidden by it, or hide it.
    static let systemPlaces = [
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/proc", "/dev", "/sys", "/run",
        "/boot",
        AgentAccount.homes, "/var/lib/dvm",
    ]

    /// Whether the project is the developer's home or one of the directories above it.
    ///
    /// By device and inode, going up from the home: two paths can mean one directory.
    private static func containsHome(
        _ project: borrowing PinnedDirectory,
        of agent: Spawn.Agent
    ) throws(Refusal) -> Bool {
        let home = agent.developerHome
        guard home.hasPrefix("/"), home != "/" else {
            throw Refusal("the user people work as has no home of its own: “\(home.printable)”")
        }
        if home == agent.project || home.hasPrefix(agent.project + "/") { return true }
        // The dot looks through a home that is a link.
        var above = home + "/."
        // A home that does not exist holds nothing; the comparison of paths above covers one that will.
        while let status = Status.of(FilePath(above)) {
            if status.device == project.status.device, status.inode == project.status.inode { return true }
            // The root's parent is the root.
            if let parent = Status.of(FilePath(above + "/..")), parent.inode == status.inode,
                parent.device == status.device
            {
                return false
            }
            above += "/.."
        }
        return false
    }

    private static func tooMuch(_ path: String, _ why: String) -> Refusal {
        Refusal(
            "\(path.printable) cannot be a project: \(why)",
            hint: "give the project a directory of its own, such as ~/code/app, with DVM_CODE_DIR"
        )
    }
}
