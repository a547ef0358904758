internal import CLinux
internal import DVMProtocol
internal import Glibc

/// The places, sockets and processes that attacks are tried on; gone when the self-test is over.
struct AttackScratch: ~Copyable {
    /// Below it every run has a directory of its own.
    static let top = "/var/lib/dvm-selftest"

    private let marker: String
    private let agent: Spawn.Agent
    private let developer: Accounts.Account
    private let listeners: AttackListeners
    private let terminal: StreamPair
    private let victim: Victim
    private let memoryKey: Int32

    private var directory: String { "\(Self.top)/\(marker)" }
    /// The project of the attacked session.
    var project: String { "\(directory)/project" }
    /// The home of the attacked session.
    var home: String { "\(directory)/agents/shell" }
    /// What the controls are tried on.
    var controlProject: String { "\(directory)/control/project" }
    var controlHome: String { "\(directory)/control/home" }

    /// Makes everything.
    static func make(agent: Spawn.Agent, developer: Accounts.Account) throws(Refusal) -> Self {
        let scratch = try Self(agent: agent, developer: developer)
        do throws(Refusal) {
            try scratch.fill()
        } catch {
            scratch.remove()
            throw error
        }
        return scratch
    }

    private init(agent: Spawn.Agent, developer: Accounts.Account) throws(Refusal) {
        let marker = agent.session.text
        let directory = "\(Self.top)/\(marker)"
        for path in [Self.top, directory, "\(directory)/agents", "\(directory)/agents/shell", "\(directory)/control"] {
            _ = try Directories.make(FilePath(path), mode: Self.open)
        }
        for path in ["agents/other", "control/project", "control/home"] {
            _ = try Directories.make(
                FilePath("\(directory)/\(path)"),
                mode: .ownerReadWriteExecute,
                owner: agent.uid,
                group: agent.gid
            )
        }
        _ = try Directories.make(
            FilePath("\(directory)/project"),
            mode: .ownerReadWriteExecute,
            owner: developer.uid,
            group: developer.gid
        )
        try TextFile.write(
            "canary\n",
            to: FilePath("\(directory)/canary"),
            mode: [.ownerReadWrite, .groupRead, .otherRead]
        )
        try Self.setTrap(in: directory, sign: "dvm-selftest-\(marker)")
        let listeners = try AttackListeners(directory: directory, abstractName: "@dvm-selftest-\(marker)")
        let terminal = try Streams.terminal(TerminalSize(columns: 80, rows: 24), owner: agent.uid)
        let victim = try Victim(uid: agent.uid, gid: agent.gid)

        self.marker = marker
        self.agent = agent
        self.developer = developer
        self.listeners = listeners
        self.terminal = terminal
        self.victim = victim
        // Any number that is this run's: it is looked for by both sessions.
        memoryKey = Int32(truncatingIfNeeded: marker.hashValue & 0x3FFF_FFFF) | 0x4000_0000
    }

    /// The programs that a launcher may look for by name.
    private static let caught = ["bin/bwrap", "bin/sh", "bin/true"]

    /// What leaves a sign when somebody obeys variables of the caller's: a start file for shells, and programs.
    private static func setTrap(in directory: String, sign: String) throws(Refusal) {
        _ = try Directories.make(FilePath("\(directory)/bin"), mode: Self.open)
        for path in ["catcher"] + caught {
            try TextFile.write(AttackList.trap(sign), to: FilePath("\(directory)/\(path)"), mode: Self.open)
        }
    }

    private static let open: FilePermissions = [
        .ownerReadWriteExecute, .groupReadExecute, .otherReadExecute,
    ]

    /// What the attacks find, from where they are tried.
    borrowing func ground(project: String, home: String) -> AttackGround {
        AttackGround(
            marker: marker,
            project: project,
            home: home,
            directory: directory,
            developerHome: developer.home,
            developer: developer.uid,
            victim: victim.pid,
            terminal: AttackListeners.path(of: terminal.theirs.raw),
            port: listeners.port,
            addresses: listeners.addresses,
            gateways: AttackListeners.gateways(),
            memoryKey: memoryKey
        )
    }

    /// Files as in a project that people work in, made by whoever owns them: root makes nothing below what is not its.
    private borrowing func fill() throws(Refusal) {
        let secret = ground(project: "", home: "").secret
        try run(developer.uid, developer.gid, Self.script, [project, directory])
        try run(developer.uid, developer.gid, "umask 077; echo canary >\"$1\"", [secret])
        try run(agent.uid, agent.gid, Self.script, [controlProject, directory])
        try run(agent.uid, agent.gid, "umask 077; echo canary >\"$1/token\"", ["\(directory)/agents/other"])
    }

    /// A repository by hand, since git need not be installed; an editor's files; three secrets; a link that leads out.
    private static let script = """
        set -e; cd "$1"
        mkdir -p .git/hooks .git/info .git/objects .git/refs/heads .vscode .idea .claude .husky .devcontainer deploy
        echo 'ref: refs/heads/main' >.git/HEAD
        printf '[core]\\n\\trepositoryformatversion = 0\\n' >.git/config
        for file in .envrc .vscode/tasks.json .idea/workspace.xml .mcp.json .claude/settings.json .husky/pre-commit \\
            .devcontainer/devcontainer.json .env .env.local .netrc; do echo canary >$file; done
        printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\\ncanary\\n' >deploy/id_ed25519
        ln -s "$2" \(AttackList.wayOut)
        """

    private borrowing func run(_ uid: UInt32, _ gid: UInt32, _ script: String, _ arguments: [String]) throws(Refusal) {
        var spawn = SelfTest.plain(uid, gid)
        spawn.words = ["/bin/sh", "-c", script, "sh"] + arguments
        let (exit, _) = try Entering.run(spawn)
        guard exit == .exited(0) else { throw Refusal("the scratch project of the self-test cannot be made") }
    }

    /// Removes everything; what cannot be removed stays, and harms nobody.
    consuming func remove() {
        for process in RunningProcess.all()
        where process.pid > 1 && process.uid == agent.uid
            && process.arguments.contains(AttackList.lasting(ground(project: "", home: "")))
        {
            // It leads a group of its own.
            kill(-process.pid, SIGKILL)
        }
        dvm_forget_shared_memory(memoryKey)
        let secret = ground(project: "", home: "").secret
        // By whoever owns what is below: root walks no tree that others can change.
        try? run(
            developer.uid,
            developer.gid,
            "rm -f -- \"$1\"; cd \"$2\" && find . -mindepth 1 -delete",
            [secret, project]
        )
        for path in [project, "\(directory)/agents/other", controlProject, controlHome] {
            try? run(agent.uid, agent.gid, "cd \"$1\" 2>/dev/null && find . -mindepth 1 -delete", [path])
        }
        let sign = ground(project: "", home: "").sign
        for place in ["/tmp", "/var/tmp", "/dev/shm"] as [FilePath] {
            for name in Listing.names(in: place) where name.hasPrefix(sign) {
                _ = unsafe place.appending(name).withPlatformString { unsafe unlink($0) }
            }
        }
        for file in ["canary", "socket", "catcher"] + Self.caught { unsafe unlink("\(directory)/\(file)") }
        for path in [
            project, home, "\(directory)/agents/other", "\(directory)/bin", controlProject, controlHome,
            "\(directory)/agents",
            "\(directory)/control", directory, Self.top,
        ] { unsafe rmdir(path) }
    }
}

/// A process of the agent's account outside any sandbox, for attacks to be tried on.
private struct Victim: ~Copyable {
    private let child: Child
    private let report: OwnedDescriptor

    var pid: Int32 { child.pid }

    init(uid: UInt32, gid: UInt32) throws(Refusal) {
        var spawn = SelfTest.plain(uid, gid)
        spawn.words = ["/bin/sleep", "300"]
        spawn.environment["DVM_CANARY"] = "canary"
        let null = try Streams.null()
        let report = try Streams.bothWays()
        let order = try Frame(.open, channel: 0, json: spawn)
        let kept = try Streams.duplicate(report.ours.raw)
        let child = try Child(
            role: "enter",
            input: null.raw,
            output: null.raw,
            errors: null.raw,
            report: report.theirs.raw
        )
        // Far less than the socket holds.
        _ = try? kept.raw.writeAll(order.bytes)
        self.child = child
        self.report = kept
    }

    deinit {
        child.signal(SIGKILL)
        _ = child.wait()
    }
}
