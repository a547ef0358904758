import DVMProtocol
import Testing

@testable import dvm_guest

/// What each tool is started with: arguments, its own variables and files, without and with prompts and to sign in.
@Suite struct `The launch of a tool` {
    private static let accounts = Accounts(
        passwd: "dev:x:1000:1000::/home/dev:/bin/sh\ndvm-agent:x:900:900::/var/lib/dvm-agent:/usr/sbin/nologin\n",
        group: ""
    )

    private func spawn(_ command: Program.Command, prompting: [String] = [], own: [Tool] = []) throws -> Spawn {
        var settings = Settings(user: "dev", codeDirectory: "/home/dev/app", ownTools: own)
        settings.agents.prompting = prompting
        return try ProgramPlan(Program(command), settings: settings, accounts: Self.accounts).spawn
    }

    /// The launch as lines: the words after the program, the variables that are the tool's, the files.
    private func lines(_ spawn: Spawn) -> [String] {
        guard case .agent(let agent) = spawn.confinement else { return [] }
        let ours: Set = ["HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "TMPDIR", "XDG_RUNTIME_DIR"]
        let variables = spawn.environment.filter { !ours.contains($0.key) }.map { "\($0.key)=\($0.value)" }.sorted()
        let files = agent.files.map { "\($0.key): \($0.value)" }.sorted()
        return [spawn.words.dropFirst().joined(separator: " ")] + variables + files
    }

    private static let claude = [
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "CLAUDE_CONFIG_DIR=/var/lib/dvm-agent/claude/.claude",
        "DISABLE_AUTOUPDATER=1", "DISABLE_ERROR_REPORTING=1", "DISABLE_TELEMETRY=1",
    ]
    private static let codex = ["CODEX_HOME=/var/lib/dvm-agent/codex/.codex"]
    private static let opencode = ["OPENCODE_DISABLE_AUTOUPDATE=true", "OPENCODE_DISABLE_LSP_DOWNLOAD=true"]
    private static let mistral = [
        "VIBE_ENABLE_AUTO_UPDATE=false", "VIBE_ENABLE_TELEMETRY=false", "VIBE_ENABLE_UPDATE_CHECKS=false",
        "VIBE_HOME=/var/lib/dvm-agent/mistral/.vibe",
    ]
    private static let gemini = [
        "GEMINI_SANDBOX=false", "NO_BROWSER=true",
        #"/etc/gemini-cli/settings.json: {"general":{"enableAutoUpdate":false,"enableAutoUpdateNotification":false},"#
            + #""privacy":{"usageStatisticsEnabled":false},"security":{"folderTrust":{"enabled":false}},"#
            + #""telemetry":{"enabled":false},"tools":{"sandbox":false}}"#,
    ]
    private static let copilot = ["COPILOT_AUTO_UPDATE=false", "COPILOT_HOME=/var/lib/dvm-agent/copilot/.copilot"]
    private static let aider = [
        "AIDER_ANALYTICS=false", "AIDER_CHECK_UPDATE=false", "AIDER_SHOW_MODEL_WARNINGS=false",
        "AIDER_SHOW_RELEASE_NOTES=false", "LITELLM_LOCAL_MODEL_COST_MAP=True",
    ]
    private static func codexFile(_ approval: String = "") -> String {
        "/etc/codex/config.toml: check_for_update_on_startup = false\nsandbox_mode = \"danger-full-access\"\n"
            + "\(approval)[analytics]\nenabled = false\n"
    }

    static let launches: [(name: String, unattended: [String], attended: [String])] = [
        (
            "claude",
            ["--dangerously-skip-permissions last"] + claude + [
                #"/etc/claude-code/managed-settings.json: "#
                    + #"{"sandbox":{"enabled":false},"skipDangerousModePermissionPrompt":true}"#
            ],
            ["last"] + claude + [#"/etc/claude-code/managed-settings.json: {"sandbox":{"enabled":false}}"#]
        ),
        (
            "codex",
            ["--dangerously-bypass-approvals-and-sandbox last"] + codex + [codexFile()],
            ["last"] + codex + [codexFile("approval_policy = \"on-request\"\n")]
        ),
        (
            "opencode",
            ["last"] + opencode + [
                #"/etc/opencode/opencode.json: {"autoupdate":false,"permission":"allow","share":"disabled"}"#
            ],
            ["last"] + opencode + [
                #"/etc/opencode/opencode.json: {"autoupdate":false,"#
                    + #""permission":{"bash":"ask","edit":"ask","webfetch":"ask"},"share":"disabled"}"#
            ]
        ),
        ("mistral", ["--auto-approve --trust last"] + mistral, ["last"] + mistral),
        ("gemini", ["--approval-mode=yolo last"] + gemini, ["last"] + gemini),
        ("copilot", ["--no-sandbox last", "COPILOT_ALLOW_ALL=true"] + copilot, ["--no-sandbox last"] + copilot),
        ("aider", ["--yes-always last"] + aider, ["last"] + aider),
        ("shell", ["last"], ["last"]),
    ]

    @Test func `is written down here for every tool`() { #expect(Self.launches.map(\.name) == Tool.all.map(\.name)) }

    @Test(arguments: launches)
    func `is exactly this, without prompts and with them`(
        name: String,
        unattended: [String],
        attended: [String]
    ) throws {
        let command = Program.Command.tool(name: name, arguments: ["last"])
        #expect(try lines(spawn(command, prompting: ["other"])) == Self.sorted(unattended))
        #expect(try lines(spawn(command, prompting: [name])) == Self.sorted(attended))
    }

    /// The words, then variables, then files, each in order.
    private static func sorted(_ lines: [String]) -> [String] {
        let rest = lines.dropFirst()
        return lines.prefix(1) + rest.filter { !$0.hasPrefix("/") }.sorted()
            + rest.filter { $0.hasPrefix("/") }.sorted()
    }

    @Test(
        arguments: [
            ("claude", "auth login"), ("codex", "login --device-auth"), ("opencode", "auth login"),
            ("mistral", "--setup"), ("gemini", ""), ("copilot", "login --device-code"),
        ]
    )
    func `to sign in runs the tool's own sign-in, with nothing allowed`(name: String, words: String) throws {
        let signIn = try lines(spawn(.signIn(tool: name)))
        #expect(signIn.first == words)
        let launch = try Tool.named(name).always
        #expect(Set(signIn.filter { $0.hasPrefix("/") }) == Set(launch.files.map { "\($0.key): \($0.value)" }))
        #expect(signIn.count == 1 + launch.variables.count + launch.files.count)
    }

    @Test(arguments: [("codex", "login"), ("opencode", "auth login")])
    func `to sign in by a browser that comes back runs the tool's own way of that`(name: String, words: String) throws {
        let tool = try Tool.named(name)
        let plan = try ProgramPlan(
            Program(.signIn(tool: name, callback: 1455)),
            settings: Settings(user: "dev", codeDirectory: "/home/dev/app"),
            accounts: Self.accounts
        )
        #expect(lines(plan.spawn).first == words)
        #expect(plan.callback == tool.signIn?.callback)
        #expect(plan.callback?.address == "http://localhost:1455/auth/callback")
    }

    @Test(arguments: [("codex", 1456), ("claude", 1455)] as [(String, UInt16)])
    func `to sign in waits at the port of the tool's description, and at no other`(name: String, port: UInt16) {
        let refusal = #expect(throws: Refusal.self) { try spawn(.signIn(tool: name, callback: port)) }
        #expect(refusal?.message == "\(name) does not wait for a browser at port \(port) in this VM")
    }

    @Test(arguments: [
        ("shell", "it needs none, or takes a key that --env hands on"),
        (
            "aider",
            """
            set OPENAI_API_KEY or OPENAI_API_BASE or ANTHROPIC_API_KEY or OPENROUTER_API_KEY or DEEPSEEK_API_KEY or \
            AIDER_MODEL where you start it
            """
        ),
    ])
    func `to sign in is refused for a tool that knows keys only`(name: String, hint: String) {
        #expect(throws: Refusal("\(name) has no sign-in of its own", hint: hint)) { try spawn(.signIn(tool: name)) }
    }

    @Test func `is the same under another name of the tool`() throws {
        func agent(_ name: String) throws -> Spawn.Agent? {
            guard case .agent(var agent) = try spawn(.tool(name: name, arguments: [])).confinement else { return nil }
            agent.session = SessionID(seconds: 0, salt: 0)
            return agent
        }
        #expect(try agent("vibe") == agent("mistral"))
        #expect(try agent("vibe")?.tool == "mistral")
        #expect(try agent("vibe")?.home == "/var/lib/dvm-agent/mistral")
    }

    @Test func `of a person's own tool is as its file says`() throws {
        let own = Tool(
            name: "crush",
            summary: "Crush",
            programs: ["/usr/bin/crush"],
            always: .init(arguments: ["-q"], variables: ["CRUSH_HOME": "~/.crush"]),
            unattended: .init(arguments: ["--yolo"]),
            attended: .init(arguments: ["--ask"]),
            signIn: .init(arguments: ["login"]),
            state: [".crush"]
        )
        let command = Program.Command.tool(name: "crush", arguments: ["last"])
        let home = "CRUSH_HOME=/var/lib/dvm-agent/crush/.crush"
        #expect(try lines(spawn(command, own: [own])) == ["-q --yolo last", home])
        #expect(try lines(spawn(command, prompting: ["crush"], own: [own])) == ["-q --ask last", home])
        #expect(try lines(spawn(.signIn(tool: "crush"), own: [own])) == ["-q login", home])
        let refusal = #expect(throws: Refusal.self) { try spawn(command) }
        #expect(refusal?.message == "there is no AI tool called “crush” in this VM")
        #expect(refusal?.hint?.hasSuffix("a tool of your own reaches the VM with `dvm sync`") == true)
    }
}
