import DVMProtocol
import Testing

@testable import dvm_guest

@Suite struct `The plan for a program` {
    private let settings = {
        var settings = Settings(user: "dev", codeDirectory: "/home/dev/code/app")
        settings.agents.git = .readOnly
        return settings
    }()
    private let accounts = Accounts(
        passwd: """
            root:x:0:0:root:/root:/bin/bash
            dev:x:1000:1001:Dev:/home/dev:/bin/zsh
            dvm-agent:x:900:901::/var/lib/dvm-agent:/usr/sbin/nologin
            """,
        group: "dev:x:1001:\nextra:x:2000:root,dev\nother:x:2001:root\ndvm-agent:x:901:\n"
    )

    private func plan(
        _ command: Program.Command,
        in directory: String? = nil,
        environment: [String: String] = [:],
        terminal: Program.Terminal? = nil,
        authorities: String? = nil
    ) throws -> ProgramPlan {
        var settings = settings
        settings.authorities = authorities
        let program = Program(command, directory: directory, environment: environment, terminal: terminal)
        let session = SessionID(seconds: 0, salt: 7)
        return try ProgramPlan(program, settings: settings, accounts: accounts, session: session)
    }

    private func agent(in directory: String?) throws -> Spawn.Agent? {
        let plan = try plan(.tool(name: "shell", arguments: []), in: directory)
        guard case .agent(let agent) = plan.spawn.confinement else { return nil }
        return agent
    }

    // MARK: The developer

    @Test func `of the developer has what a login has`() throws {
        let plan = try plan(.words(["make", "test"]), environment: ["CI": "1", "LANG": "de_DE.UTF-8"])

        #expect(plan.spawn.words == ["make", "test"])
        #expect(
            plan.spawn.environment == [
                "HOME": "/home/dev", "USER": "dev", "LOGNAME": "dev", "SHELL": "/bin/zsh",
                "PATH":
                    "/home/dev/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
                "LANG": "de_DE.UTF-8", "CI": "1",
                "XDG_RUNTIME_DIR": "/run/user/1000", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus",
            ]
        )
        #expect(
            plan.spawn.confinement
                == .developer(
                    .init(uid: 1000, gid: 1001, groups: [2000], directory: "/home/dev/code/app", home: "/home/dev")
                )
        )
        #expect(!plan.spawn.terminal)
        #expect(plan.loss == .hangup)
        #expect(plan.owner == 1000)
    }

    @Test func `for the journal is root's, in words that mean nothing else`() throws {
        let options = JournalQuery.Options(
            follows: true,
            lines: 100,
            since: "-1h",
            until: "now",
            priority: "err..alert",
            format: .shortISO
        )
        let plan = try plan(.journal(JournalQuery(unit: "dvm-llama.service", options: options)))

        #expect(
            plan.spawn.words == [
                "journalctl", "--no-pager", "--quiet", "--lines=100", "--output=short-iso", "--priority=err..alert",
                "--since=-1h", "--until=now", "--follow", "_SYSTEMD_UNIT=dvm-llama.service", "+",
                "UNIT=dvm-llama.service", "_PID=1", "+", "_SYSTEMD_USER_UNIT=dvm-llama.service", "_UID=1000", "+",
                "USER_UNIT=dvm-llama.service", "_UID=1000",
            ]
        )
        #expect(plan.spawn.environment == ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "SYSTEMD_COLORS": "0"])
        #expect(plan.spawn.confinement == .root(.init(directory: "/")))
        #expect(plan.loss == .kill)
    }

    @Test(arguments: [
        ("x", "x.service"), ("x.timer", "x.timer"), ("a.b", "a.b.service"), ("user@1000.service", "user@1000.service"),
        ("session-3.scope", "session-3.scope"),
    ])
    func `for the journal has the unit's whole name`(unit: String, name: String) throws {
        let words = try plan(.journal(JournalQuery(unit: unit))).spawn.words
        #expect(words[3...4] == ["--lines=all", "_SYSTEMD_UNIT=\(name)"])
    }

    @Test func `of the developer starts where it was asked to`() throws {
        guard case .developer(let developer) = try plan(.loginShell, in: "/etc/../srv").spawn.confinement else {
            Issue.record("not the developer's")
            return
        }
        // Theirs is the whole VM: nothing to clamp.
        #expect(developer.directory == "/etc/../srv")
    }

    @Test func `of a login shell is the account's shell, reading its profile`() throws {
        #expect(try plan(.loginShell).spawn.words == ["/bin/zsh", "-l"])
    }

    @Test func `names the terminal it gets`() throws {
        let terminal = Program.Terminal(name: "xterm-kitty", size: TerminalSize(columns: 80, rows: 24))
        for command in [Program.Command.loginShell, .tool(name: "shell", arguments: [])] {
            let spawn = try plan(command, terminal: terminal).spawn
            #expect(spawn.terminal)
            #expect(spawn.environment["TERM"] == "xterm-kitty")
            #expect(spawn.environment["COLORTERM"] == "truecolor")
            #expect(try plan(command).spawn.environment["TERM"] == nil)
        }
    }

    @Test(arguments: [Program.Command.words(["true"]), .tool(name: "claude", arguments: [])])
    func `is told of the authorities the VM trusts beside the distribution's, and may know better`(
        command: Program.Command
    ) throws {
        let without = try plan(command).spawn.environment
        let with = try plan(command, environment: ["SSL_CERT_FILE": "/mine"], authorities: "/all").spawn.environment
        let added = ["SSL_CERT_FILE": "/mine", "REQUESTS_CA_BUNDLE": "/all", "NODE_EXTRA_CA_CERTS": "/all"]
        #expect(with == without.merging(added) { $1 })
    }

    // MARK: A tool

    @Test func `of a tool is built from nothing`() throws {
        let plan = try plan(
            .tool(name: "claude", arguments: ["-p", "hello --", "$(id)"]),
            environment: ["ANTHROPIC_API_KEY": "k"]
        )

        #expect(
            plan.spawn.words == [
                "/usr/local/libexec/dvm/tools/claude/bin/claude", "--dangerously-skip-permissions", "-p", "hello --",
                "$(id)",
            ]
        )
        let home = "/var/lib/dvm-agent/claude"
        #expect(
            plan.spawn.environment == [
                "HOME": home, "USER": "dvm-agent", "LOGNAME": "dvm-agent", "SHELL": "/bin/bash",
                "PATH": "\(home)/.local/bin:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": "/tmp",
                "XDG_RUNTIME_DIR": "/run/user/900", "DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1",
                "DISABLE_ERROR_REPORTING": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "CLAUDE_CONFIG_DIR": "\(home)/.claude", "ANTHROPIC_API_KEY": "k",
            ]
        )
        #expect(
            plan.spawn.confinement
                == .agent(
                    .init(
                        uid: 900,
                        gid: 901,
                        developerUid: 1000,
                        developerGid: 1001,
                        developerHome: "/home/dev",
                        project: "/home/dev/code/app",
                        home: home,
                        directory: "",
                        session: SessionID(seconds: 0, salt: 7),
                        tool: "claude",
                        policy: settings.agents,
                        programs: [
                            "/usr/local/libexec/dvm/tools/claude/bin/claude", "/usr/bin/claude",
                        ],
                        state: [".claude"],
                        files: [
                            "/etc/claude-code/managed-settings.json":
                                #"{"sandbox":{"enabled":false},"skipDangerousModePermissionPrompt":true}"#
                        ],
                        domains: try Tool.named("claude").domains.map(\.description)
                    )
                )
        )
        #expect(plan.loss == .kill)
        #expect(plan.owner == 900)
    }

    @Test(arguments: Tool.all.map(\.name))
    func `puts the settings of a tool before what a person adds`(name: String) throws {
        let tool = try Tool.named(name)
        #expect(
            try plan(.tool(name: name, arguments: ["last"])).spawn.words
                == [tool.program] + tool.always.arguments + tool.unattended.arguments + ["last"]
        )
    }

    /// dvm-behaviour.md §22 #13: where a tool was started became a place in its sandbox.
    @Test(
        arguments: [
            (nil, ""),
            ("/home/dev/code/app", ""),
            ("/home/dev/code/app/", ""),
            ("/home/dev/code/app/Sources/x", "Sources/x"),
            ("/home/dev/code/app//Sources/./x/", "Sources/x"),
            ("/workspace", ""),
            ("/workspace/x", "x"),
            ("/workspace/x y", "x y"),
            ("/workspace/...", "..."),
            // Elsewhere: the top.
            ("/", ""),
            ("/etc", ""),
            ("/home/dev", ""),
            ("/home/dev/code", ""),
            ("/home/dev/code/app2", ""),
            ("/home/dev/code/app2/x", ""),
            ("/workspacex/y", ""),
            // Climbing, also where it would come back.
            ("/home/dev/code/app/..", ""),
            ("/home/dev/code/app/../app/x", ""),
            ("/workspace/x/../../etc", ""),
            ("/workspace/..", ""),
            // A slash is a byte, whatever a mark after it makes of the two together.
            ("/workspace/../\u{301}x", ""),
            ("/workspace/x/..//\u{301}y", ""),
            ("/workspace/\u{301}x", "\u{301}x"),
        ] as [(String?, String)]
    )
    func `keeps a tool in the project`(directory: String?, relative: String) throws {
        #expect(try agent(in: directory)?.directory == relative)
    }

    // MARK: Refusals

    @Test func `is refused when an account is gone`() {
        let nobody = Accounts(passwd: "root:x:0:0:root:/root:/bin/bash", group: "")
        let remedy = "run `dvm sync` for this VM on the host"
        #expect(throws: Refusal("the user “dev” is gone from the VM", hint: remedy)) {
            try ProgramPlan(Program(.loginShell), settings: settings, accounts: nobody)
        }
        let noAgent = Accounts(passwd: "dev:x:1000:1000::/home/dev:/bin/sh", group: "")
        #expect(throws: Refusal("the account dvm-agent is gone from the VM", hint: remedy)) {
            try ProgramPlan(
                Program(.tool(name: "shell", arguments: [])),
                settings: settings,
                accounts: noAgent
            )
        }
    }

    @Test func `is refused for a tool nobody knows`() {
        #expect(throws: Refusal.self) { try plan(.tool(name: "../../bin/sh", arguments: [])) }
    }
}
