internal import DVMProtocol

/// What the agent sees, as options for Bubblewrap.
///
/// Pure. Everything is hidden that is not named here; no path named as a source lies where an agent or developer could
/// put a link.
struct View: Equatable {
    var agent: Spawn.Agent
    var layout: SystemLayout
    /// Directories that only a debug build needs, as path in the view and staged path.
    var libraries: [String: String]

    init(_ agent: Spawn.Agent, stage: Staging, layout: SystemLayout) {
        self.init(agent, libraries: stage.libraries, layout: layout)
    }

    init(_ agent: Spawn.Agent, libraries: [String: String] = [:], layout: SystemLayout) {
        self.agent = agent
        self.libraries = libraries
        self.layout = layout
    }

    /// Where our own program is inside.
    static let program = "/run/dvm/guest"
    static let workspace = "/workspace"

    /// The descriptors Bubblewrap reads when it obeys the options.
    struct Files: Equatable {
        var passwd: Int32
        var group: Int32
        var resolver: Int32
        var filters: [Int32]
        /// Git's settings in the home.
        var git: Int32?
        /// The tool's own files below `/etc`.
        var tool: [String: Int32] = [:]
    }

    /// The options, in the order in which Bubblewrap obeys them.
    func options(_ files: Files) -> [String] {
        namespaces + system + etc(files) + ownFileSystems + home(files) + project + libraryOptions + closing(files)
    }

    private var namespaces: [String] {
        ["--unshare-user"] + (agent.policy.systemCalls == .nested ? [] : ["--disable-userns"]) + [
            // Not the network: this process is in the session's own already, over which Bubblewrap has no rights.
            "--unshare-ipc", "--unshare-pid", "--unshare-uts",
            "--unshare-cgroup-try", "--hostname", "dvm-agent",
            // Killed with us, and we with `serve`: nothing stays behind.
            "--die-with-parent",
            "--cap-drop", "ALL",
        ]
    }

    private var system: [String] {
        ["--ro-bind", "/usr", "/usr"] + layout.top.sorted { $0.key < $1.key }.flatMap(Self.options)
    }

    private func etc(_ files: Files) -> [String] {
        ["--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/etc/ssh"]
            + layout.etc.sorted { $0.key < $1.key }.flatMap(Self.options) + [
                // The VM's own would show who else has an account.
                "--perms", "0444", "--ro-bind-data", "\(files.passwd)", "/etc/passwd",
                "--perms", "0444", "--ro-bind-data", "\(files.group)", "/etc/group",
                // The VM's own resolver listens where the session is not.
                "--perms", "0444", "--ro-bind-data", "\(files.resolver)", "/etc/resolv.conf",
            ] + toolFiles(files)
    }

    /// Settings a tool takes for its administrator's, which it cannot change.
    private func toolFiles(_ files: Files) -> [String] {
        files.tool.sorted { $0.key < $1.key }.flatMap { path, file -> [String] in
            // Where the VM's administrator wrote some, theirs stand.
            let theirs = layout.etc.keys.contains { path.hasPrefix($0 + "/") }
            return theirs ? [] : parents(path) + ["--perms", "0444", "--ro-bind-data", "\(file)", path]
        }
    }

    private static func options(_ path: String, _ entry: SystemLayout.Entry) -> [String] {
        switch entry {
        case .link(let target): ["--symlink", target, path]
        // Gone between looking and mounting is as good as never there.
        case .bind(let source): ["--ro-bind-try", source, path]
        }
    }

    private var ownFileSystems: [String] {
        [
            "--proc", "/proc", "--dev", "/dev",
        ] + temporary("/dev/shm", percent: 15) + temporary("/tmp", percent: 30) + [
            "--perms", "0755", "--dir", "/var",
        ] + temporary("/var/tmp", percent: 15) + [
            // No socket of the VM is below it: D-Bus, containers, Lima's agent and our own stay outside.
            "--size", "\(16 << 20)", "--perms", "0755", "--tmpfs", "/run", "--perms", "0755", "--dir", "/run/user",
            "--perms", "0700", "--dir", "/run/user/\(agent.uid)",
            "--perms", "0755", "--dir", "/run/dvm", "--ro-bind", Staging.program, Self.program,
        ]
    }

    /// Room for files in memory, of a size of its own.
    ///
    /// A full one is told by the file system then, and does not end the session for want of memory. Together they leave
    /// a session room to run in.
    private func temporary(_ path: String, percent: Int, mode: String = "1777") -> [String] {
        let size = agent.policy.limits.memory.map { ["--size", "\($0 / 100 * percent)"] } ?? []
        return size + ["--perms", mode, "--tmpfs", path]
    }

    /// A home that is new every time, with the directories in it that outlive the session.
    ///
    /// So what an agent leaves in its shell's or an editor's start-up files is gone when the next session reads them.
    private func home(_ files: Files) -> [String] {
        var options = parents(agent.home) + temporary(agent.home, percent: 25, mode: "0700")
        for path in agent.state {
            let parts = path.split(separator: "/").dropLast()
            options += parts.indices.flatMap { ["--dir", "\(agent.home)/\(parts[...$0].joined(separator: "/"))"] }
            // Every directory above it is root's: nobody who could put a link there can write them.
            options += ["--bind", "\(Staging.home)/\(path)", "\(agent.home)/\(path)"]
        }
        // A file like any other, since a program that replaces it must be able to: it lasts as long as the session.
        if let git = files.git { options += ["--perms", "0644", "--file", "\(git)", "\(agent.home)/.gitconfig"] }
        return options
    }

    private var project: [String] {
        var options = ["--bind", Staging.workspace, Self.workspace]
        // The path outside leads to the same place, so that what was written into virtual environments and build
        // files holds inside too.
        if agent.project != Self.workspace {
            options += parents(agent.project) + ["--symlink", Self.workspace, agent.project]
        }
        return options
    }

    private var libraryOptions: [String] {
        libraries.sorted { $0.key < $1.key }.flatMap { parents($0.key) + ["--ro-bind", $0.value, $0.key] }
    }

    private func closing(_ files: Files) -> [String] {
        // Last: the root itself is the agent's, and it shall not put things beside the directories above.
        ["--remount-ro", "/", "--chdir", "/"] + files.filters.flatMap { ["--add-seccomp-fd", "\($0)"] }
    }

    /// Every directory above a path, outermost first; otherwise Bubblewrap makes them closed to others.
    private func parents(_ path: String) -> [String] {
        let parts = path.split(separator: "/").dropLast()
        return parts.indices.flatMap { ["--perms", "0755", "--dir", "/" + parts[...$0].joined(separator: "/")] }
    }

    /// `/etc/passwd` inside.
    var passwd: String {
        """
        root:x:0:0:root:/root:/usr/sbin/nologin
        dvm-agent:x:\(agent.uid):\(agent.gid):AI agent:\(agent.home):/bin/bash
        nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

        """
    }

    /// `/etc/group` inside.
    var group: String {
        """
        root:x:0:
        dvm-agent:x:\(agent.gid):
        nogroup:x:65534:

        """
    }
}
