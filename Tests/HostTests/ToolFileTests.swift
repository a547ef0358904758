import ArgumentParser
import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `A file that describes a tool` {
    private func tool(_ text: String, named name: String = "crush") throws(Refusal) -> Tool {
        try ToolFile(TrustedFiles.File(path: FilePath("/c/tools/\(name).conf"), bytes: Array(text.utf8))).tool(
            named: name
        )
    }

    @Test func `says everything a tool is`() throws {
        let text = """
            # Charm's
            summary: Crush
            program: /usr/local/libexec/dvm/tools/crush/bin/crush
              program:   /usr/bin/crush

            always: --quiet
            unattended: --yolo
            unattended: --message=two words
            prompting: --ask
            set: CRUSH_HOME=~/.crush
            set: CRUSH_URL=https://x.org/?a=b
            pass: ANTHROPIC_API_KEY OPENAI_API_KEY
            pass: CRUSH_TOKEN
            state: .crush .local/share/crush
            host: api.anthropic.com db.internal:5432
            login: auth
            callback: http://localhost:1455/auth/callback
            login: login
            """
        let expected = Tool(
            name: "crush",
            summary: "Crush",
            programs: ["/usr/local/libexec/dvm/tools/crush/bin/crush", "/usr/bin/crush"],
            always: .init(
                arguments: ["--quiet"],
                variables: ["CRUSH_HOME": "~/.crush", "CRUSH_URL": "https://x.org/?a=b"]
            ),
            unattended: .init(arguments: ["--yolo", "--message=two words"]),
            attended: .init(arguments: ["--ask"]),
            passed: ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "CRUSH_TOKEN"],
            signIn: .init(arguments: ["auth", "login"], callback: .init(port: 1455, path: "/auth/callback")),
            state: [".crush", ".local/share/crush"],
            domains: ["api.anthropic.com", "db.internal:5432"]
        )
        #expect(try tool(text) == expected)
    }

    @Test func `need not say more than its name`() throws {
        #expect(
            try tool("")
                == Tool(
                    name: "crush",
                    summary: "a tool of your own",
                    programs: ["/usr/local/libexec/dvm/tools/crush/bin/crush", "/usr/bin/crush"]
                )
        )
    }

    @Test(
        arguments: [
            ("\n# x\nprogram /usr/bin/x", "/c/tools/crush.conf:3: it is not a line “key: value”"),
            ("sumary: x", "/c/tools/crush.conf:1: “sumary” is not a key"),
            ("summary:", "/c/tools/crush.conf:1: “summary:” says nothing"),
            ("summary: a\nsummary: b", "/c/tools/crush.conf:2: a second “summary:”"),
            ("summary: a\u{1B}[m", "/c/tools/crush.conf:1: “summary:” contains a control character"),
            ("program: crush", "/c/tools/crush.conf:1: “crush” is not where an agent's tool can be"),
            ("program: /usr/local/bin/crush", "/c/tools/crush.conf:1: “/usr/local/bin/crush” is where dvm puts"),
            ("set: CRUSH", "/c/tools/crush.conf:1: “CRUSH” sets no variable"),
            ("set: HOME=/", "/c/tools/crush.conf:1: HOME is set by dvm for every tool"),
            ("pass: A B-C", "/c/tools/crush.conf:1: “B-C” cannot name an environment variable"),
            ("state: .x\nstate: .x/y", "/c/tools/crush.conf: “.x” is named twice, or contains another"),
            ("state: .x .x", "/c/tools/crush.conf:1: “.x” is named twice"),
            ("state: ../x", "/c/tools/crush.conf:1: “../x” is not a directory of a tool's home"),
            ("callback: localhost", "/c/tools/crush.conf:1: “localhost” is not where a tool could wait for a browser"),
            (
                "callback: http://localhost:2000/\ncallback: http://localhost:2001/",
                "/c/tools/crush.conf:2: a second “callback:”"
            ),
            ("host: *.org", "/c/tools/crush.conf:1: “*.org” does not name a host"),
        ]
    )
    func `is refused with file and line`(text: String, message: String) {
        let refusal = #expect(throws: Refusal.self) { try tool(text) }
        #expect(refusal?.message.hasPrefix(message) == true, "\(refusal?.message ?? "")")
        #expect(refusal?.hint != nil)
    }

    @Test func `suggests the nearest key`() {
        let refusal = #expect(throws: Refusal.self) { try tool("sumary: x") }
        #expect(refusal?.hint == "did you mean summary?")
    }

    @Test(arguments: ["claude", "vibe", "login", "Crush", "dvm-x"])
    func `has a name that is free`(name: String) {
        let refusal = #expect(throws: Refusal.self) { try tool("", named: name) }
        #expect(refusal?.message.hasPrefix("/c/tools/\(name).conf: ") == true)
    }
}

@Suite struct `The tools of a configuration` {
    let fixture: HostFixture
    let app: MachineName

    init() throws {
        fixture = try HostFixture()
        app = try MachineName("app")
        try fixture.write("config/vms/app.sh", "DVM_CRUSH_YOLO=0\nDVM_CLAUDE_BYPASS=0\n")
        try fixture.write("config/tools/crush.conf", "unattended: --yolo\npass: CRUSH_TOKEN\n")
        try fixture.makeDirectory("config/tools")
    }

    private func store() throws -> ConfigurationStore {
        try Session(HostEnvironment(fixture.environment)).configuration
    }

    @Test func `are read from their files, and have switches`() async throws {
        try fixture.write("config/tools/notes.txt", "not a tool")
        let settings = try await store().load(app).settings
        #expect(settings.tools.map(\.name) == ["crush"])
        #expect(settings.agentPolicy.prompting == ["claude", "crush"])
    }

    @Test func `are none without a directory`() async throws {
        try fixture.remove("config/tools")
        #expect(try store().tools() == [])
        // Its switch is then nobody's.
        let refusal = await #expect(throws: Refusal.self) { try await store().load(app) }
        #expect(refusal?.message.hasPrefix("DVM_CRUSH_YOLO, set in ") == true)
    }

    @Test func `are refused when somebody else could have written them`() throws {
        try fixture.setMode(0o666, "config/tools/crush.conf")
        let refusal = #expect(throws: Refusal.self) { try store().tools() }
        #expect(refusal?.message.contains("can be changed by other users") == true)
        try fixture.setMode(0o600, "config/tools/crush.conf")
        try fixture.setMode(0o777, "config/tools")
        #expect(throws: Refusal.self) { try store().tools() }
    }

    /// Lima's host agent lives as long as the VM and would carry them all that time.
    @Test func `keep their keys from programs on this computer`() throws {
        let session = try Session(HostEnvironment(fixture.environment))
        #expect(session.withheld.contains("CRUSH_TOKEN"))
    }

    @Test func `are found by dvm ai, and suggested`() throws {
        let tools = try Tool.all + store().tools()
        #expect(try Ai.tool(named: "crush", among: tools).unattended.arguments == ["--yolo"])
        #expect(
            throws: UsageRefusal(refusal: Refusal("there is no AI tool called “crsh”", hint: "did you mean crush?"))
        ) {
            try Ai.tool(named: "crsh", among: tools)
        }
    }
}

@Suite struct `The switches of tools` {
    private func prompting(_ stages: [Evaluation.Variables]) throws(Refusal) -> [String] {
        var reader = SettingsReader(for: try MachineName("app"), home: "/home/me")
        for stage in stages { reader.take(stage, from: .init(origin: .file("app.sh"))) }
        return try reader.read().settings.agentPolicy.prompting
    }

    @Test(
        arguments: [
            ("DVM_CLAUDE_BYPASS", "0", ["claude"]), ("DVM_CLAUDE_YOLO", "no", ["claude"]),
            ("DVM_CODEX_YOLO", "False", ["codex"]), ("DVM_VIBE_YOLO", "0", ["mistral"]),
            ("DVM_MISTRAL_YOLO", "0", ["mistral"]), ("DVM_GEMINI_YOLO", "1", []), ("DVM_COPILOT_YOLO", "true", []),
            ("DVM_AIDER_YOLO", "", []),
        ] as [(String, String, [String])]
    )
    func `turn prompts on`(name: String, value: String, tools: [String]) throws {
        #expect(try prompting([[name: .text(value)]]) == tools)
    }

    @Test func `are taken back by a later file`() throws {
        let both: Evaluation.Variables = ["DVM_CODEX_YOLO": .text("0"), "DVM_CLAUDE_BYPASS": .text("0")]
        #expect(try prompting([both]) == ["claude", "codex"])
        #expect(try prompting([both, ["DVM_CODEX_YOLO": .text("1")]]) == ["claude"])
        #expect(try prompting([both, ["DVM_CLAUDE_BYPASS": .text("")]]) == ["codex"])
    }

    @Test(arguments: [Evaluation.Value.text("off"), .text("2"), .list(["0"])])
    func `are refused for what is neither`(value: Evaluation.Value) {
        let refusal = #expect(throws: Refusal.self) { try prompting([["DVM_CODEX_YOLO": value]]) }
        #expect(refusal?.message.hasPrefix("DVM_CODEX_YOLO=\(value.shown), set in app.sh: ") == true)
        #expect(refusal?.hint?.contains("codex acts") == true)
    }

    @Test(arguments: [("DVM_CODX_YOLO", "DVM_CODEX_YOLO"), ("DVM_SHELL_YOLO", nil)])
    func `are those of tools that have prompts`(name: String, nearest: String?) {
        let refusal = #expect(throws: Refusal.self) { try prompting([[name: .text("0")]]) }
        #expect(refusal?.message == "\(name), set in app.sh, is not a variable of dvm")
        if let nearest { #expect(refusal?.hint == "did you mean \(nearest)?") }
    }
}

@Suite struct `dvm ai login` {
    @Test(
        arguments: [
            (["ai", "claude", "app"], "run"), (["ai", "login", "claude", "app"], "login"),
            (["ai", "--env", "A", "codex"], "run"), (["ai", "claude", "--", "login"], "run"),
        ]
    )
    func `is told from the name of a tool`(words: [String], name: String) throws {
        #expect(type(of: try Host.parseAsRoot(words)).configuration.commandName == name)
    }

    @Test func `parses as it is documented`() throws {
        let run = try #require(try Host.parseAsRoot(["ai", "codex", "--env", "A", "app", "--", "-p", "x"]) as? Ai)
        #expect([run.tool, run.vm, run.env.first] == ["codex", "app", "A"])
        #expect(run.arguments == ["-p", "x"])
        let login = try #require(try Host.parseAsRoot(["ai", "login", "codex", "app"]) as? AiLogin)
        #expect([login.tool, login.vm] == ["codex", "app"])
    }

    @Test func `names what a tool without it takes`() {
        let refusal = #expect(throws: UsageRefusal.self) { try AiLogin.tool(named: "aider", among: Tool.all) }
        #expect(refusal?.refusal.message == "aider has no sign-in of its own")
        #expect(refusal?.refusal.hint?.contains("ANTHROPIC_API_KEY") == true)
    }
}
