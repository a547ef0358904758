import DVMProtocol
import Testing

@testable import dvm_guest

@Suite struct `What the agent sees` {
    static let agent = Spawn.Agent(
        uid: 999,
        gid: 998,
        developerUid: 1000,
        developerGid: 1000,
        developerHome: "/home/developer",
        project: "/home/developer/code/app",
        home: "/var/lib/dvm-agent/claude",
        directory: "",
        session: SessionID(seconds: 0, salt: 0),
        tool: "claude",
        policy: AgentPolicy(),
        state: [".claude", ".local/share/claude"]
    )
    static let layout = SystemLayout(
        top: ["/bin": .link(to: "usr/bin"), "/lib64": .link(to: "usr/lib64"), "/lib32": .bind("/lib32")],
        etc: [
            "/etc/hosts": .bind("/etc/hosts"), "/etc/localtime": .link(to: "/usr/share/zoneinfo/Etc/UTC"),
            "/etc/networks": .bind("/run/networks"),
        ]
    )
    static let files = View.Files(
        passwd: 5,
        group: 6,
        resolver: 11,
        filters: [7, 8],
        git: 9,
        tool: ["/etc/claude-code/managed-settings.json": 10]
    )

    @Test func `is exactly this`() {
        let options = View(Self.agent, layout: Self.layout).options(Self.files).joined(separator: " ")
        let wanted = """
            --unshare-user --disable-userns --unshare-ipc --unshare-pid --unshare-uts --unshare-cgroup-try
            --hostname dvm-agent --die-with-parent --cap-drop ALL
            --ro-bind /usr /usr --symlink usr/bin /bin --ro-bind-try /lib32 /lib32 --symlink usr/lib64 /lib64
            --perms 0755 --dir /etc --perms 0755 --dir /etc/ssh
            --ro-bind-try /etc/hosts /etc/hosts --symlink /usr/share/zoneinfo/Etc/UTC /etc/localtime
            --ro-bind-try /run/networks /etc/networks
            --perms 0444 --ro-bind-data 5 /etc/passwd --perms 0444 --ro-bind-data 6 /etc/group
            --perms 0444 --ro-bind-data 11 /etc/resolv.conf
            --perms 0755 --dir /etc --perms 0755 --dir /etc/claude-code
            --perms 0444 --ro-bind-data 10 /etc/claude-code/managed-settings.json
            --proc /proc --dev /dev --perms 1777 --tmpfs /dev/shm --perms 1777 --tmpfs /tmp
            --perms 0755 --dir /var --perms 1777 --tmpfs /var/tmp
            --size 16777216 --perms 0755 --tmpfs /run --perms 0755 --dir /run/user --perms 0700 --dir /run/user/999
            --perms 0755 --dir /run/dvm --ro-bind /run/dvm/stage/guest /run/dvm/guest
            --perms 0755 --dir /var --perms 0755 --dir /var/lib --perms 0755 --dir /var/lib/dvm-agent
            --perms 0700 --tmpfs /var/lib/dvm-agent/claude
            --bind /run/dvm/stage/home/.claude /var/lib/dvm-agent/claude/.claude
            --dir /var/lib/dvm-agent/claude/.local --dir /var/lib/dvm-agent/claude/.local/share
            --bind /run/dvm/stage/home/.local/share/claude /var/lib/dvm-agent/claude/.local/share/claude
            --perms 0644 --file 9 /var/lib/dvm-agent/claude/.gitconfig
            --bind /run/dvm/stage/workspace /workspace
            --perms 0755 --dir /home --perms 0755 --dir /home/developer --perms 0755 --dir /home/developer/code
            --symlink /workspace /home/developer/code/app
            --remount-ro / --chdir / --add-seccomp-fd 7 --add-seccomp-fd 8
            """
        #expect(options == wanted.split(separator: "\n").joined(separator: " "))
    }

    @Test func `lets programs make user namespaces where the configuration says nested, and changes nothing else`() {
        var agent = Self.agent
        agent.policy.systemCalls = .nested
        let usual = View(Self.agent, layout: Self.layout).options(Self.files)
        let nested = View(agent, layout: Self.layout).options(Self.files)
        #expect(nested == usual.filter { $0 != "--disable-userns" })
        agent.policy.systemCalls = .strict
        #expect(View(agent, layout: Self.layout).options(Self.files) == usual)
    }

    @Test func `has no directory in memory that takes a session's memory whole`() {
        var agent = Self.agent
        agent.policy.limits.memory = 1_000_000_000
        let options = View(agent, layout: Self.layout).options(Self.files).joined(separator: " ")

        for (path, size) in [("/dev/shm", 150_000_000), ("/tmp", 300_000_000), ("/var/tmp", 150_000_000)] {
            #expect(options.contains("--size \(size) --perms 1777 --tmpfs \(path) "))
        }
        #expect(options.contains("--size 250000000 --perms 0700 --tmpfs \(agent.home) "))
    }

    @Test func `never has a path of the project or of a home as a source`() {
        let options = View(Self.agent, layout: Self.layout).options(Self.files)
        for (index, option) in options.enumerated() where option.contains("bind") && option.hasPrefix("--") {
            let source = options[index + 1]
            #expect(!source.hasPrefix("/home") && !source.hasPrefix("/var/lib/dvm-agent"), "\(option) \(source)")
        }
    }

    @Test func `needs no second name for a project that is /workspace itself`() {
        var agent = Self.agent
        agent.project = "/workspace"
        let options = View(agent, layout: Self.layout).options(Self.files)
        #expect(!options.contains("/home"))
        #expect(options.filter { $0 == "/workspace" }.count == 1)
    }

    @Test func `leaves the settings the VM's administrator wrote for a tool`() {
        var layout = Self.layout
        layout.etc["/etc/claude-code"] = .bind("/etc/claude-code")
        let options = View(Self.agent, layout: layout).options(Self.files)
        #expect(!options.contains("/etc/claude-code/managed-settings.json"))
        #expect(options.contains("/etc/claude-code"))
    }

    @Test func `names the agent and nobody else`() {
        let view = View(Self.agent, layout: Self.layout)
        #expect(view.passwd.contains("dvm-agent:x:999:998:AI agent:/var/lib/dvm-agent/claude:/bin/bash\n"))
        #expect(view.passwd.split(separator: "\n").count == 3)
        #expect(view.group == "root:x:0:\ndvm-agent:x:998:\nnogroup:x:65534:\n")
    }

    @Test(arguments: [
        ("/etc/hosts", true), ("/usr/lib/os-release", true), ("/run/systemd/resolve/stub-resolv.conf", true),
        ("/lib32", true), ("/bin", true), ("/home/developer/.gitconfig", false), ("/root/.gitconfig", false),
        ("/tmp/hosts", false), ("/binaries", false), ("/etcetera", false),
    ])
    func `takes from outside what only the system can have put there`(path: String, systems: Bool) {
        #expect(SystemLayout.isSystems(path) == systems)
    }

    /// dvm-behaviour.md §22 #13: a merged `/usr` was taken for granted.
    @Test func `repeats this system's layout`() {
        let layout = SystemLayout.read()
        #expect(layout.top["/bin"] != nil)
        #expect(layout.etc["/etc/passwd"] == nil)
        #expect(layout.etc["/etc/shadow"] == nil)
        // A link is followed here, once, by root, so that Bubblewrap has none to follow.
        for case .bind(let source) in layout.etc.values {
            #expect(Status.of(FilePath(source))?.isSymbolicLink == false, "\(source)")
        }
    }
}
