internal import CLinux
internal import DVMProtocol
internal import Glibc

/// What a tool keeps from one session to the next: its sign-in and its settings.
///
/// A directory of root's with a directory of the agent's for each declared path, and nothing else: the home a session
/// sees is made new every time. Root owns everything above the agent's directories, so none of them can be swapped.
struct ToolHome: ~Copyable {
    /// The directory, mounted nowhere yet.
    let mount: DetachedMount
    /// What the agent must find in its home, by path there.
    let directories: [String: FileIdentity]

    /// Pins the directory, in which everything the tool declares is made where it is missing.
    ///
    /// - Throws: a `Refusal` when something in it is in other hands.
    static func pin(_ agent: Spawn.Agent) throws(Refusal) -> Self {
        let path = FilePath(agent.home)
        let homes = try PinnedDirectory(
            path.removingLastComponent().string,
            called: "the directory of the tools' homes"
        )
        try checkRoots(homes.status, homes.path)
        let home = try enter(path.lastComponent?.string ?? "", of: homes.descriptor.raw, at: agent.home, owner: 0)
        // Two first sessions at once: what one has made and not yet given away, the other would take for root's.
        try call("waiting for another session at \(agent.home)") { flock(home.raw.rawValue, LOCK_EX) }
        var directories: [String: FileIdentity] = [:]
        for state in agent.state {
            directories["\(agent.home)/\(state)"] = FileIdentity(try make(state, in: home, for: agent))
        }
        return Self(
            mount: try DetachedMount.of(home.raw, called: agent.home, readOnly: false),
            directories: directories
        )
    }

    /// Makes a state directory, and those above it, where they are missing.
    private static func make(
        _ state: String,
        in home: borrowing OwnedDescriptor,
        for agent: Spawn.Agent
    ) throws(Refusal) -> Status {
        let parts = state.split(separator: "/").map(String.init)
        guard !parts.isEmpty, !parts.contains(".."), !parts.contains(".") else {
            throw Refusal("“\(state.printable)” cannot be kept of a tool's home")
        }
        var above = try Streams.duplicate(home.raw)
        var path = agent.home
        for (index, part) in parts.enumerated() {
            path += "/" + part
            let owner = index == parts.count - 1 ? agent.uid : 0
            above = try enter(part, of: above.raw, at: path, owner: owner, group: owner == 0 ? 0 : agent.gid)
        }
        return try Status.of(above.raw, called: path)
    }

    /// The directory of a name, made where it is missing, never through a link.
    private static func enter(
        _ name: String,
        of parent: FileDescriptor,
        at path: String,
        owner: UInt32,
        group: UInt32 = 0
    ) throws(Refusal) -> OwnedDescriptor {
        let made = unsafe mkdirat(parent.rawValue, name, 0o700) == 0
        guard made || errno == EEXIST else { throw Refusal("making \(path): \(Errno(rawValue: errno))") }
        let raw = unsafe openat(parent.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard raw >= 0 else {
            let error = Errno(rawValue: errno)
            throw Refusal("\(path) is not a directory that can be kept (\(error))", hint: "remove it: it is made anew")
        }
        let directory = OwnedDescriptor(FileDescriptor(rawValue: raw))
        if made {
            let mode: mode_t = owner == 0 ? 0o755 : 0o700
            try call("giving \(path) to its owner") { fchown(raw, owner, group) }
            try call("setting the mode of \(path)") { fchmod(raw, mode) }
        }
        let status = try Status.of(directory.raw, called: path)
        if owner == 0 {
            try checkRoots(status, path)
        } else {
            guard status.uid == owner, !status.isWritableByOthers else {
                throw Refusal("\(path) must belong to the agent (uid \(owner)) alone", hint: remedy)
            }
        }
        return directory
    }

    private static func checkRoots(_ status: Status, _ path: String) throws(Refusal) {
        guard status.uid == 0, !status.isWritableByOthers else {
            throw Refusal("\(path) must belong to root and be closed to writers", hint: remedy)
        }
    }

    private static let remedy = "run `dvm sync` for this VM on the host, which sets this right"
}
