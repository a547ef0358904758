import DVMProtocol
import Testing

@Suite struct `The tools dvm knows` {
    @Test func `are these, each under every name of its own once`() {
        #expect(
            Tool.all.map(\.name) == ["claude", "codex", "opencode", "mistral", "gemini", "copilot", "aider", "shell"]
        )
        let commands = Tool.all.flatMap(\.commands)
        #expect(Set(commands).count == commands.count)
        #expect(Set(commands).isDisjoint(with: Tool.verbs))
    }

    @Test(arguments: Tool.all)
    func `are safe in a path, and programs are nothing an agent can write`(tool: Tool) throws {
        for command in tool.commands { try AccountName.check(command) }
        #expect(
            tool.program.hasPrefix("/usr/local/libexec/dvm/tools/\(tool.name)/bin/") || tool.program == "/bin/bash"
        )
        for program in tool.programs { #expect(!program.hasPrefix("/usr/local/bin/"), "it would be the wrapper") }
        for settings in [tool.always, tool.unattended, tool.attended] {
            for name in settings.variables.keys { try Tool.checkVariable(name) }
            for (path, text) in settings.files where path.hasSuffix(".json") {
                #expect(path.hasPrefix("/etc/\(path.split(separator: "/")[1])/"))
                #expect(try JSON.decode([String: Anything].self, from: Array(text.utf8)).isEmpty == false)
            }
        }
        for name in tool.passed { try Tool.checkVariable(name) }
        for path in tool.state { try Tool.checkState(path, beside: tool.state) }
        for domain in tool.domains { _ = try HostRule(domain) }
    }

    /// Whatever JSON has in a place.
    private struct Anything: Decodable {}

    @Test func `are found by their names and aliases`() throws {
        #expect(try Tool.named("mistral") == Tool.named("vibe"))
        let refusal = #expect(throws: Refusal.self) { try Tool.named("claud\u{1B}") }
        #expect(refusal?.message == "there is no AI tool called “claud\\u{1b}”")
        #expect(refusal?.hint == "there are claude, codex, opencode, mistral, gemini, copilot, aider, shell")
    }

    @Test(arguments: [
        ("claude", ["DVM_CLAUDE_BYPASS", "DVM_CLAUDE_YOLO"]), ("codex", ["DVM_CODEX_YOLO"]),
        ("mistral", ["DVM_MISTRAL_YOLO", "DVM_VIBE_YOLO"]), ("shell", []),
    ])
    func `have switches that turn prompts on`(name: String, switches: [String]) throws {
        #expect(try Tool.named(name).switches == switches)
    }
}

@Suite struct `A tool of a person's own` {
    private func tool(_ change: (inout Tool) -> Void = { _ in }) -> Tool {
        var tool = Tool(name: "crush", summary: "Crush", programs: ["/usr/bin/crush"])
        change(&tool)
        return tool
    }

    @Test func `is taken as it is described`() throws {
        try tool().checkOwn()
        try tool {
            $0.always = .init(arguments: ["-q"], variables: ["CRUSH_X": "1"])
            $0.unattended = .init(arguments: ["--yolo"])
            $0.passed = ["ANTHROPIC_API_KEY"]
            $0.signIn = .init(arguments: ["login"])
            $0.state = [".config/crush", ".local/share/crush"]
            $0.domains = ["api.anthropic.com"]
        }.checkOwn()
    }

    @Test(arguments: [
        "", "Crush", "-crush", "crush-", "1crush", "cr/ush", "..", "a b", "crush\n", String(repeating: "a", count: 33),
    ])
    func `has a name that is safe in a path`(name: String) {
        #expect(throws: Refusal.self) { try Tool.checkOwnName(name) }
    }

    @Test(arguments: ["login", "run", "help", "dvm", "dvm-guest", "claude", "vibe", "shell"])
    func `does not take a name that means something else`(name: String) {
        #expect(throws: Refusal.self) { try Tool.checkOwnName(name) }
    }

    @Test(arguments: [
        "crush", "/opt/crush", "/home/developer/crush", "/usr/../tmp/x", "/usr//bin/x", "/usr/bin/", "/usr/crush",
        "/workspace/crush", "/usr/local/bin/crush",
    ])
    func `has its program where no agent can write and no wrapper is`(path: String) {
        #expect(throws: Refusal.self) { try Tool.checkProgram(path) }
    }

    @Test(arguments: [
        "", ".", "..", "../x", "/etc", "config", ".config", ".local/share", ".local/bin", ".x/../..", ".x//y", ".x/",
        ".ssh",
        ".a b", ".x\n",
    ])
    func `keeps directories of its own only`(path: String) {
        #expect(throws: Refusal.self) { try Tool.checkState(path, beside: [path]) }
    }

    @Test func `does not keep one directory inside another`() throws {
        #expect(throws: Refusal.self) { try tool { $0.state = [".x", ".x/y"] }.checkOwn() }
        #expect(throws: Refusal.self) { try tool { $0.state = [".x", ".x"] }.checkOwn() }
        try tool { $0.state = [".x", ".xy"] }.checkOwn()
    }

    @Test(arguments: ["HOME", "PATH", "LD PRELOAD", "1X", "A=B", ""])
    func `sets no variable that dvm sets or none can have`(name: String) {
        #expect(throws: Refusal.self) { try tool { $0.passed = [name] }.checkOwn() }
        #expect(throws: Refusal.self) { try tool { $0.always.variables = [name: "1"] }.checkOwn() }
    }

    /// What a host could send that no file could say.
    @Test func `writes no files of the system and takes no other names`() {
        #expect(throws: Refusal.self) { try tool { $0.always.files = ["/etc/passwd": "root::0:0"] }.checkOwn() }
        #expect(throws: Refusal.self) { try tool { $0.aliases = ["sudo"] }.checkOwn() }
        #expect(throws: Refusal.self) { try tool { $0.programs = [] }.checkOwn() }
        #expect(throws: Refusal.self) { try tool { $0.always.arguments = ["a\0b"] }.checkOwn() }
    }

    @Test func `travels with what a VM is to become, and is looked at there again`() throws {
        var plan = Provision(hostName: "app", user: "dev", codeDirectory: "~/x", tools: [tool()])
        let request = Request.task(.provision(plan))
        #expect(try JSON.decode(Request.self, from: JSON.encode(request)) == request)
        try request.check()
        plan.tools = [tool { $0.name = "../x" }]
        #expect(throws: Refusal.self) { try Request.task(.provision(plan)).check() }
        plan.tools = [tool(), tool()]
        #expect(throws: Refusal.self) { try Request.task(.provision(plan)).check() }
    }
}
