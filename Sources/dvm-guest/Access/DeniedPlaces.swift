internal import CLinux
internal import DVMProtocol
internal import Glibc

/// What is closed to the agent's account by name: the secrets in the developer's home, and what the configuration adds.
struct DeniedPlaces: Equatable {
    /// Relative to the home.
    let inHome: [String]
    /// Those of them that the configuration names.
    let named: Set<String>
    /// Absolute, outside the home.
    let elsewhere: [String]

    /// The places of a VM.
    ///
    /// - Parameters:
    ///   - denied: what the configuration adds: absolute, or `~/…`.
    ///   - home: the developer's home.
    ///   - project: the project, which agents work in.
    /// - Throws: a `Refusal` about a path that cannot be closed, or must not be.
    init(_ denied: [String], home: String, project: String) throws(Refusal) {
        var below: [String] = []
        var elsewhere: [String] = []
        for path in denied {
            try AgentPolicy.checkDenied(path)
            let whole = path.hasPrefix("~/") ? home + path.dropFirst() : path
            try Self.check(whole, home: home, project: project)
            if whole.hasPrefix(home + "/") {
                below.append(String(whole.dropFirst(home.count + 1)))
            } else {
                elsewhere.append(whole)
            }
        }
        inHome = SecretPlaces.inHome + below.filter { !SecretPlaces.inHome.contains($0) }
        named = Set(below)
        self.elsewhere = elsewhere
    }

    private static func check(_ path: String, home: String, project: String) throws(Refusal) {
        guard path != project, !path.hasPrefix(project + "/") else {
            throw Refusal(
                "“\(path.printable)” is in the project, where an agent has the rights of its owner",
                hint: "keep it outside the project; DVM_AI_PROTECT makes paths of the project read-only"
            )
        }
        guard path != home else {
            throw Refusal("“\(path.printable)” is closed to agents already", hint: "leave it out of DVM_AI_DENY")
        }
        guard !project.hasPrefix(path + "/") else {
            throw Refusal(
                "“\(path.printable)” cannot be closed to agents: their project \(project.printable) is in it",
                hint: "name the other files and directories in it"
            )
        }
        // What the agent's account needs before and inside its sandbox; without `/` at its end this is also `/`.
        let needed = [
            "/usr/bin", "/usr/lib", "/usr/local/bin", Wrappers.program, "/etc", "/bin", "/sbin", "/lib", "/lib64",
            "/proc",
            "/dev", "/sys", "/run/dvm", "/tmp", "/var/tmp", AgentAccount.homes,
        ]
        let prefix = path == "/" ? "/" : path + "/"
        if let place = needed.first(where: { $0 == path || $0.hasPrefix(prefix) }) {
            throw Refusal(
                "“\(path.printable)” cannot be closed to agents: they cannot start without \(place)",
                hint: "name the files in it that they must not read"
            )
        }
    }

    // MARK: Closing

    /// Closes every place that exists, and then tries as the agent whether it is closed.
    ///
    /// - Returns: whether anything had to be changed.
    /// - Throws: a `Refusal` that names the places that are open still, or that could not be closed.
    func close(to agent: Accounts.Account, for developer: Accounts.Account) throws(Refusal) -> Bool {
        let inside = try closeHome(to: agent, for: developer)
        let outside = try closeElsewhere(to: agent)
        let results = inside.merging(outside) { $1 }
        let failures = results.sorted { $0.key < $1.key }.compactMap { failure(of: $0.key, $0.value) }
        if var refusal = failures.first {
            // Each of them: who mends the first is not to meet the next one after it.
            let all = failures.prefix(Self.mostNamed).map(\.message)
            let rest = failures.count - all.count
            refusal.message = (all + (rest > 0 ? ["and so with \(rest) more places"] : [])).joined(separator: "; ")
            throw refusal
        }
        let open = try reach(of: agent, home: developer).filter { $0.value == .open }.keys.sorted()
        guard open.isEmpty else {
            throw Refusal(
                "the agent's account still gets at \(open.map(\.printable).joined(separator: ", "))",
                hint: "close it with `chmod go-rwx` in the VM, as its owner"
            )
        }
        return results.values.contains(.closedByEntry(anew: true))
    }

    /// The most places a refusal names.
    private static let mostNamed = 8

    /// Why a place is not closed, if it is not.
    private func failure(of place: String, _ result: Denial) -> Refusal? {
        switch result {
        case .link where isNamed(place):
            Refusal(
                "\(place.printable) is reached through a symbolic link, so closing it would leave the file open",
                hint: "name the path the link leads to in DVM_AI_DENY"
            )
        case .failed(let refusal): refusal
        default: nil
        }
    }

    /// Whether the configuration names a place: a person counts on it.
    func isNamed(_ place: String) -> Bool { named.contains(place) || elsewhere.contains(place) }

    /// As the developer: root changes nothing on a path the developer can change.
    private func closeHome(to agent: Accounts.Account, for developer: Accounts.Account) throws(Refusal)
        -> [String: Denial]
    {
        let home = try Directories.openOwned(FilePath(developer.home), by: developer.uid)
        let (_, output) = try Entering.run(
            role: "look",
            LookOrder(
                uid: developer.uid,
                gid: developer.gid,
                task: .denial(DenialOrder(agent: agent.uid, places: inHome))
            ),
            input: home.raw
        )
        guard let results = try? JSON.decode([Denial].self, from: output), results.count == inHome.count else {
            throw Refusal("closing the secrets in \(developer.home) ended without an answer")
        }
        return Dictionary(zip(inHome, results)) { $1 }
    }

    private func closeElsewhere(to agent: Accounts.Account) throws(Refusal) -> [String: Denial] {
        guard !elsewhere.isEmpty else { return [:] }
        let root = OwnedDescriptor(
            FileDescriptor(
                rawValue: try call("opening /") { unsafe open("/", dvm_o_path | O_DIRECTORY | O_CLOEXEC) }
            )
        )
        return Dictionary(
            elsewhere.map { ($0, Denial.close(String($0.dropFirst()), below: root.raw, to: agent.uid, called: $0)) }
        ) { $1 }
    }

    /// What the agent's account really gets at, tried by a process that is it.
    func reach(of agent: Accounts.Account, home developer: Accounts.Account) throws(Refusal) -> [String: Reach] {
        try ReachOrder(
            uid: agent.uid,
            gid: agent.gid,
            home: developer.home,
            owner: developer.uid,
            inHome: inHome,
            elsewhere: elsewhere
        ).run()
    }
}
