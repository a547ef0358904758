import ArgumentParser
import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `dvm init` {
    let fixture: HostFixture
    let app: MachineName

    init() throws {
        fixture = try HostFixture()
        app = try MachineName("app")
    }

    private func session() throws -> Session { try Session(HostEnvironment(fixture.environment)) }

    private func usual() throws -> Settings { Settings(for: app, on: try session().configuration.host) }

    @Test func `writes files that change nothing, readable by nobody else`() async throws {
        try fixture.remove("config")
        let written = try Init.write(app, session()).map(\.string)

        #expect(written == ["\(fixture.root)/config/config.sh", "\(fixture.root)/config/vms/app.sh"])
        #expect(try fixture.mode("config/config.sh") == 0o600)
        #expect(try fixture.mode("config/vms/app.sh") == 0o600)
        #expect(try fixture.mode("config") == 0o700)
        let expected = try usual()
        #expect(try await session().configuration.load(app).settings == expected)
    }

    @Test func `writes config.sh once`() throws {
        _ = try Init.write(app, session())
        #expect(fixture.read("config/config.sh")?.contains("\nuse_tools() {\n") == true)
        try fixture.write("config/config.sh", "DVM_CPUS=1\n")
        #expect(try Init.write(try MachineName("web"), session()).count == 1)
        #expect(fixture.read("config/config.sh") == "DVM_CPUS=1\n")
    }

    @Test func `writes lines that hold when they are uncommented`() async throws {
        _ = try Init.write(app, session())
        let text = try #require(fixture.read("config/vms/app.sh"))
        for variable in Variable.allCases where variable != .recipes { #expect(text.contains(variable.name)) }

        try fixture.write("config/vms/app.sh", text.replacing("\n# DVM_", with: "\nDVM_"))
        let settings = try await session().configuration.load(app).settings
        var expected = try usual()
        expected.ports = [PortForward(host: 3000, guest: 3000), PortForward(host: 5173, guest: 5173)]
        expected.vmType = .qemu
        expected.repository = Repository(address: "git@github.com:you/app.git", branch: "main")
        expected.settle = Settle(loginShell: "bash", git: GitIdentity(name: "Ann Example", email: "ann@example.org"))
        expected.system.timeZone = "UTC"
        expected.system.locale = "C.UTF-8"
        expected.agents.network.hosts = [
            try HostRule("registry.npmjs.org"), try HostRule("pypi.org"), try HostRule("files.pythonhosted.org"),
        ]
        expected.agents.network.local = [5432]
        expected.agents.protected = [try ProjectPath("tools/deploy")]
        expected.agents.denied = ["~/notes"]
        expected.agents.limits.memory = 3 << 30
        expected.origins = settings.origins
        expected.variableOrigins = settings.variableOrigins
        #expect(settings == expected)
    }

    @Test(arguments: ["config/vms/app.sh", "config/vms/app/config.sh"])
    func `does not overwrite`(path: String) throws {
        try fixture.write(path, "DVM_CPUS=2\n")
        #expect(
            throws: Refusal(
                "app has a configuration already: \(fixture.root)/\(path)",
                hint: "change that file, or run `dvm sync app`"
            )
        ) { try Init.write(app, session()) }
        #expect(fixture.read(path) == "DVM_CPUS=2\n")
        #expect(!fixture.exists("config/config.sh"))
    }

    @Test func `knows kinds of VMs, and suggests the nearest`() throws {
        let recipes = ConfigurationStore.bundledRecipes
        #expect(ConfigurationTemplate.kinds(beside: recipes) == ["app", "cloudflared", "llama", "tailscale"])
        #expect(
            throws: UsageRefusal(
                refusal: Refusal("there is no kind of VM called “lama”", hint: "did you mean llama?")
            )
        ) { try Init.write(app, kind: "lama", session()) }
        #expect(throws: UsageRefusal.self) { try Init.write(app, kind: "config", session()) }
        #expect(throws: UsageRefusal.self) { try Init.write(app, kind: "../lib/prelude", session()) }
        #expect(!fixture.exists("config/vms/app.sh"))
    }

    @Test(arguments: ["cloudflared", "llama", "tailscale"])
    func `writes a file for each kind that is sound where its recipe is`(kind: String) async throws {
        _ = try Init.write(app, kind: kind, session())
        let recipe =
            "# dvm: secrets: CLOUDFLARED_TOKEN TAILSCALE_AUTH_KEY\n# dvm: vars: "
            + "DVM_LLAMA_HOST DVM_LLAMA_MODELS DVM_LLAMA_MODELS_SHA256 DVM_LLAMA_DEFAULT_MODEL "
            + "DVM_TAILSCALE_HOSTNAME DVM_TAILSCALE_FUNNEL_TARGET\n"
        try fixture.write("config/recipes/\(kind).sh", recipe)
        let text = try #require(fixture.read("config/vms/app.sh"))
        let loaded = try await session().configuration.load(app)
        #expect(loaded.selection.map(\.name.text) == [kind])
        #expect(loaded.settings.network == .shared)

        try fixture.write("config/vms/app.sh", text.replacing("\n# DVM_", with: "\nDVM_"))
        _ = try await session().configuration.load(app)
    }

    @Test func `refuses without the files dvm came with, and says how to get them`() {
        let refusal = #expect(throws: Refusal.self) { try ConfigurationTemplate("app", beside: nil) }
        #expect(refusal?.hint?.contains("make install") == true)
    }

    @Test func `parses as it is documented`() throws {
        let plain = try #require(try Host.parseAsRoot(["init", "app"]) as? Init)
        #expect([plain.target.vm, plain.kind] == ["app", "app"])
        let other = try #require(try Host.parseAsRoot(["new", "models", "llama", "--no-edit"]) as? Init)
        #expect([other.target.vm, other.kind] == ["models", "llama"])
        #expect(other.noEdit)
    }
}

@Suite struct `The editor` {
    let fixture: HostFixture

    init() throws { fixture = try HostFixture() }

    private func editor(_ variables: [String: String]) -> Editor? {
        Editor(HostEnvironment(fixture.environment.merging(variables) { _, new in new }))
    }

    @Test(
        arguments: [
            (["VISUAL": "code -w", "EDITOR": "vi"], ["code", "-w"]), (["EDITOR": " vi\t-X "], ["vi", "-X"]),
            (["VISUAL": " ", "EDITOR": "vi"], ["vi"]), ([:], nil), (["EDITOR": ""], nil),
        ] as [([String: String], [String]?)]
    )
    func `is what VISUAL or EDITOR names, word by word`(variables: [String: String], words: [String]?) {
        #expect(editor(variables)?.words == words)
    }

    @Test func `gets the file as its last word, and no key of an AI tool`() async throws {
        try fixture.write(
            "bin/edit",
            "#!/bin/bash\nprintf '%s|' \"$@\" >'\(fixture.root)/said'; env >>'\(fixture.root)/said'\n",
            mode: 0o700
        )
        let environment = HostEnvironment(fixture.environment.merging(["ANTHROPIC_API_KEY": "k3y"]) { _, new in new })
        try await editor(["EDITOR": "edit -w"])?.open(FilePath("/a b.sh"), with: environment.forPrograms())
        #expect(fixture.read("said")?.hasPrefix("-w|/a b.sh|") == true)
        #expect(fixture.read("said")?.contains("k3y") == false)
    }

    @Test(arguments: [
        ("nosuch -w", "EDITOR is “nosuch -w”, and there is no program “nosuch”"),
        ("/nosuch/edit", "EDITOR is “/nosuch/edit”, and there is no program “/nosuch/edit”"),
        ("false", "the editor “false” ended with status 1"),
    ])
    func `is said to have failed, and where the file is`(text: String, message: String) async throws {
        let refusal = await #expect(throws: Refusal.self) {
            try await editor(["EDITOR": text])?.open("/c/app.sh", with: fixture.environment)
        }
        #expect(
            refusal == Refusal(message, hint: "/c/app.sh is written; open it yourself, or correct EDITOR")
        )
    }
}
