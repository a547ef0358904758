import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// What users of the Bash tool rely on, by the numbers of its acceptance cases, and where it used to go wrong.
@Suite(.serialized) struct `As every dvm before this one` {
    let fixture: HostFixture
    let app: MachineName
    var file: String { "\(fixture.root)/config/vms/app.sh" }

    init() throws {
        fixture = try HostFixture()
        app = try MachineName("app")
        for (name, header) in [
            ("baseline", ""), ("zsh", ""), ("agent-user", ""), ("codex", ""), ("chezmoi", "vars: DVM_CHEZMOI_REPO"),
            ("cloudflared", "secrets: CLOUDFLARED_TOKEN"),
            ("tailscale", "secrets: TAILSCALE_AUTH_KEY\n# dvm: vars: DVM_TAILSCALE_FUNNEL_TARGET"),
        ] {
            try fixture.write("share/dvm/recipes/\(name).sh", header.isEmpty ? "" : "# dvm: \(header)\n")
        }
        try fixture.write("config/vms/app.sh", "")
    }

    private func load(_ vm: String = "app", _ more: [String: String] = [:]) async throws -> ConfigurationStore.Loaded {
        let environment = HostEnvironment(fixture.environment.merging(more) { _, new in new })
        let bundled = FilePath("\(fixture.root)/share/dvm/recipes")
        var store = ConfigurationStore(paths: try Paths(environment), environment: environment, bundled: bundled)
        store.host = HostFacts()
        return try await store.load(try MachineName(vm))
    }

    private func settings(_ text: String, _ more: [String: String] = [:]) async throws -> Settings {
        try fixture.write("config/vms/app.sh", text)
        return try await load("app", more).settings
    }

    private func session() throws -> Session { try Session(HostEnvironment(fixture.environment)) }

    private func refusal(_ text: String) async -> Refusal? {
        await #expect(throws: Refusal.self) { try await settings(text) }
    }

    // MARK: The first generation

    @Test func `cases 3 and 59: init writes the file of an app, with resources only as comments`() throws {
        try fixture.remove("config/vms/app.sh")
        #expect(try Init.write(app, session()).last?.string == file)
        let text = try #require(fixture.read("config/vms/app.sh"))
        #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("#") })
    }

    @Test func `case 4: init writes the file of the kind that was named`() throws {
        _ = try Init.write(try MachineName("llama"), kind: "llama", session())
        #expect(fixture.read("config/vms/llama.sh")?.contains("\nuse llama\n") == true)
    }

    @Test func `case 5: init refuses a kind there is not`() throws {
        #expect(throws: UsageRefusal.self) {
            try Init.write(try MachineName("bad"), kind: "missing-template", session())
        }
        #expect(!fixture.exists("config/vms/bad.sh"))
    }

    @Test func `case 6: a function of config.sh brings its recipes, in order`() async throws {
        try fixture.write("config/config.sh", "use_app_tools() { use zsh agent-user; }\n")
        try fixture.write("config/vms/app.sh", "use_app_tools\nuse codex chezmoi\nDVM_CHEZMOI_REPO=x\n")
        #expect(
            try await load().selection.map(\.name.text) == ["baseline", "zsh", "agent-user", "codex", "chezmoi"]
        )
    }

    @Test func `case 7: the code directory stays one of the VM's home`() async throws {
        #expect(try await settings("").codeDirectory == "~/code/app")
        #expect(try await settings("DVM_CODE_DIR=~/code/app").codeDirectory == "~/code/app")
    }

    @Test func `case 11: what config.sh says to a recipe reaches the VMs that use it`() async throws {
        try fixture.write("config/config.sh", "DVM_CHEZMOI_REPO=https://example.org/dots\n")
        #expect(
            try await settings("use chezmoi").variables == ["DVM_CHEZMOI_REPO": .text("https://example.org/dots")]
        )
        #expect(try await settings("use zsh").variables == [:])
    }

    @Test func `case 12: ports are in what Lima is told`() async throws {
        let yaml = LimaTemplate(settings: try await settings("DVM_PORTS=\"3000:3000\"")).yaml.document
        #expect(yaml.contains("  - guestPort: 3000\n    hostIP: \"127.0.0.1\"\n    hostPort: 3000\n"))
    }

    @Test func `case 17: Lima's name of a VM names it too`() throws {
        #expect(try MachineName("dvm-app") == app)
    }

    @Test func `case 25: what one VM's file sets never reaches another`() async throws {
        try fixture.write("config/config.sh", "use zsh\n")
        try fixture.write("config/vms/app.sh", "use chezmoi\nexport DVM_CHEZMOI_REPO=x DVM_CPUS=7 OTHER=1\n")
        try fixture.write("config/vms/second.sh", "echo \"${OTHER-none} ${DVM_CHEZMOI_REPO-none}\"\n")
        _ = try await load()
        let second = try await load("second")
        #expect(second.printed == ["none none"])
        #expect(second.settings.variables == [:])
        #expect(second.settings.cpus == nil)
        #expect(second.settings.recipes.map(\.text) == ["zsh"])
    }

    @Test(arguments: ["root:bad", "a b", "$(id)", "x;y"])
    func `cases 27 and 56: a user that cannot be one is refused by value`(user: String) async throws {
        let refusal = await refusal("DVM_USER='\(user)'\n")
        #expect(refusal?.message.hasPrefix("DVM_USER=“\(user)”, set in \(file):1: ") == true)
    }

    @Test func `case 31: no placeholder is left, and use_tools is there to be called`() async throws {
        try fixture.remove("config/vms/app.sh")
        _ = try Init.write(app, session())
        let text = try #require(fixture.read("config/vms/app.sh"))
        #expect(!text.contains("__"))
        #expect(text.contains("\n# use_tools "))
        // Called, it names recipes, the first of which this shelf has and the others not.
        try fixture.write("config/vms/app.sh", "use_tools\n")
        let refusal = await #expect(throws: Refusal.self) { try await load() }
        #expect(refusal?.message.hasPrefix("\(fixture.root)/config/config.sh:") == true)
    }

    @Test func `case 33: DVM_CODE_ROOT in a VM's file moves the code directory`() async throws {
        #expect(try await settings("DVM_CODE_ROOT=~/work").codeDirectory == "~/work/app")
    }

    @Test func `every spelling of the first generation is taken`() async throws {
        let settings = try await settings(
            """
            DVM_CPUS=4
            DVM_MEMORY="8GiB"
            DVM_DISK=80GiB
            DVM_ARCH=default
            DVM_USER=ann
            DVM_AI_AGENT_USER=dvm-agent
            DVM_LIMA_NAME="dvm-$DVM_NAME"
            DVM_PORTS="3000:3000 0.0.0.0:5173:5173"
            DVM_HOST_IP=127.0.0.2
            DVM_NO_BASELINE=1
            DVM_CLAUDE_BYPASS=no
            DVM_CODEX_YOLO=true
            """
        )
        #expect(settings.memory == .gibibytes(8))
        #expect(settings.ports.map(\.description) == ["127.0.0.2:3000:3000", "0.0.0.0:5173:5173"])
        #expect(settings.agents.prompting == ["claude"])
        #expect(!settings.hasBaseline)
    }

    // MARK: The second and third generation

    @Test func `every spelling of the later generations is taken`() async throws {
        try fixture.write("config/config.sh", "DVM_USER=ann\n")
        try fixture.remove("config/vms/app.sh")
        try fixture.write(
            "config/vms/app/config.sh",
            """
            DVM_CPUS=2
            DVM_MEMORY=4
            DVM_DISK=30
            DVM_SUBUID_COUNT=65536
            DVM_SUBGID_COUNT=0
            DVM_PORTS=("3000:3000" 5173:5173)
            DVM_VM_TYPE=vz
            """
        )
        try fixture.write("config/vms/app/setup.sh", "#!/bin/bash\n")
        let settings = try await load().settings
        #expect(settings.memory == .gibibytes(4))
        #expect(settings.disk == .gibibytes(30))
        #expect(settings.system.subordinateIDs == .init(uids: 65536, gids: 0))
        #expect(settings.user == "ann")
        #expect(settings.setupScripts.count == 1)
    }

    @Test func `case 46: there need not be a config.sh`() async throws {
        #expect(!fixture.exists("config/config.sh"))
        #expect(try await settings("DVM_CPUS=2").cpus == 2)
    }

    @Test func `case 47: there need not be a setup script`() async throws {
        #expect(try await settings("").setupScripts == [])
    }

    @Test(arguments: ["70000:80", "80:70000", "80:0", "80:12345678901234567890", "80", "a:b", "1:2:3:4"])
    func `case 55: a port that is none is refused`(port: String) async throws {
        let refusal = await refusal("DVM_PORTS=(\(port))\n")
        #expect(refusal?.message.hasPrefix("DVM_PORTS=“(\(port))”, set in \(file):1: ") == true)
    }

    @Test(arguments: ["many", "-1", "6e4"])
    func `case 57: a number of subordinate ids that is none is refused`(count: String) async throws {
        let refusal = await refusal("DVM_SUBUID_COUNT='\(count)'\n")
        #expect(refusal?.message == "DVM_SUBUID_COUNT=“\(count)”, set in \(file):1: it is not a number of ids")
    }

    @Test(
        arguments: [
            "config/config.sh", "config/vms/app/config.sh", "config/vms/app/setup.sh", "config/vms/app", "config/vms",
            "config/recipes/own.sh", "config/recipes", "config",
        ],
        [0o775, 0o757, 0o777]
    )
    func `case 58: what others can write is refused, file and directory alike`(path: String, mode: Int) async throws {
        try fixture.remove("config/vms/app.sh")
        for name in ["config/config.sh", "config/vms/app/setup.sh"] { try fixture.write(name, "") }
        try fixture.write("config/recipes/own.sh", "")
        try fixture.write("config/vms/app/config.sh", "use own\n")
        _ = try await load()
        try fixture.setMode(mode, path)
        let refusal = await #expect(throws: Refusal.self) { try await load() }
        #expect(
            refusal
                == Refusal(
                    "\(fixture.root)/\(path) can be changed by other users, who could make dvm run anything",
                    hint: "repair it with `chmod go-w \(fixture.root)/\(path)`"
                )
        )
    }

    @Test func `case 60: config.sh is written once, and names DVM_USER`() throws {
        #expect(try Init.write(try MachineName("web"), session()).count == 2)
        #expect(fixture.read("config/config.sh")?.contains("DVM_USER=") == true)
    }

    @Test func `case 70: a setup.sh for all VMs is no longer used, which is said`() async throws {
        try fixture.write("config/setup.sh", "touch was-run\n")
        let loaded = try await load()
        #expect(loaded.settings.setupScripts == [])
        #expect(loaded.warnings.first?.hasPrefix("\(fixture.root)/config/setup.sh is no longer used: ") == true)
        try fixture.remove("config/setup.sh")
        #expect(try await load().warnings.contains { $0.contains("setup.sh") } == false)
    }

    @Test func `case 77: the environment chooses the kind of VM`() async throws {
        let settings = try await settings("DVM_VM_TYPE=qemu", ["DVM_VM_TYPE": "vz"])
        #expect(settings.vmType == .vz)
        #expect(settings.origin(of: .vmType) == .environment)
        #expect(LimaTemplate(settings: settings).yaml.document.contains("vmType: \"vz\"\n"))
    }

    // MARK: What is no more

    @Test(arguments: [
        ("DVM_LIMA_NAME=other", "it is always dvm-app"), ("DVM_AI_AGENT_USER=bot", "it is always dvm-agent"),
        ("DVM_GLOBAL_SETUP=/x", "this dvm has no such variable"),
        ("DVM_PACKAGES=(jq)", "this dvm has no such variable"),
        ("DVM_GIT_REPO=x", "this dvm has no such variable"), ("DVM_BASE_IMAGE=x", "this dvm has no such variable"),
        ("DVM_DEFAULT_RECIPES=(x)", "this dvm has no such variable"),
        ("DVM_DRY_RUN=1", "it counts only in the environment dvm is started with"),
        ("DVM_LIMACTL=x", "it counts only in the environment dvm is started with"),
    ])
    func `what has no meaning any more is refused with what to write instead`(line: String, message: String)
        async throws
    {
        let refusal = await refusal(line)
        let name = line.prefix { $0 != "=" }
        #expect(refusal?.message == "\(name), set in \(file):1: \(message)")
        #expect(refusal?.hint?.isEmpty == false)
    }

    @Test func `the directories of every generation are where they were`() throws {
        var environment = fixture.environment
        environment["DVM_CONFIG_DIR"] = nil
        let usual = try Paths(HostEnvironment(environment))
        #expect(usual.config.string == "\(fixture.root)/home/.config/dvm")
        for (name, value) in [("DVM_CONFIG", "/c"), ("DVM_STATE_DIR", "/s"), ("DVM_CACHE_DIR", "/k")] {
            environment[name] = value
        }
        let named = try Paths(HostEnvironment(environment))
        #expect([named.config, named.state, named.cache] == ["/c", "/s", "/k"])
        environment["DVM_CONFIG_DIR"] = "/d"
        #expect(try Paths(HostEnvironment(environment)).config == "/d")
        environment["DVM_CACHE_DIR"] = "here"
        #expect(throws: Refusal.self) { try Paths(HostEnvironment(environment)) }
    }
}

/// The errors of the Bash tool that lie in its configuration, by their numbers in the catalogue.
@Suite(.serialized) struct `Not as the dvms before this one` {
    let fixture: HostFixture
    var file: String { "\(fixture.root)/config/vms/app.sh" }

    init() throws {
        fixture = try HostFixture()
        try fixture.write(
            "config/recipes/tailscale.sh",
            "# dvm: secrets: TAILSCALE_AUTH_KEY\n# dvm: vars: DVM_TAILSCALE_FUNNEL_TARGET\n"
        )
    }

    private func load(_ text: String, _ more: [String: String] = [:]) async throws -> ConfigurationStore.Loaded {
        try fixture.write("config/vms/app.sh", text)
        let environment = HostEnvironment(fixture.environment.merging(more) { _, new in new })
        let store = ConfigurationStore(paths: try Paths(environment), environment: environment, bundled: nil)
        return try await store.load(try MachineName("app"))
    }

    @Test func `trap 1: only dvm's own words are replaced in a template, and YAML is encoded`() async throws {
        let text = "__DVM_NAME__ $HOME ${HOME} $code_dir `x` __DVM_OTHER__ \\1 &\n"
        let vm = try MachineName("app")
        #expect(
            ConfigurationTemplate(text: text).filled(for: vm, on: HostFacts())
                == "app $HOME ${HOME} $code_dir `x` __DVM_OTHER__ \\1 &\n"
        )
        let settings = try await load("DVM_TEMPLATE='/a\"b: {$HOME}'\n").settings
        #expect(LimaTemplate(settings: settings).yaml.document.contains(#"  - "/a\"b: {$HOME}""#))
    }

    @Test(arguments: [
        "[ -e /nosuch ] && DVM_CPUS=9\n", "f() { [ -e /nosuch ] && :; }\nf\n", "DVM_CPUS=2\nfalse\n",
        "set -euo pipefail\n[ -e /nosuch ] && DVM_CPUS=9\n", "set -u\nf() { [ -e /nosuch ] && :; }\nf\n",
        "set -u\nDVM_CPUS=2\nfalse\n", "set -eu\nreturn 1\n",
    ])
    func `traps 2 and 4: a last line with another status than 0 is no error and ends nothing`(text: String) async throws
    {
        try fixture.write("config/config.sh", text)
        let settings = try await load("DVM_MEMORY=8\n\(text)").settings
        #expect(settings.memory == .gibibytes(8))
        #expect(settings.setupScripts == [])
    }

    @Test func `trap 6: what was documented to come from the environment does, for the VMs that have it`() async throws
    {
        let environment = ["DVM_TAILSCALE_FUNNEL_TARGET": "http://127.0.0.1:1", "DVM_TAILSCALE_AUTH_KEY": "tskey-1"]
        let with = try await load("use tailscale\nDVM_TAILSCALE_FUNNEL_TARGET=http://127.0.0.1:2\n", environment)
        #expect(with.settings.variables == ["DVM_TAILSCALE_FUNNEL_TARGET": .text("http://127.0.0.1:1")])
        #expect(with.settings.variableOrigins["DVM_TAILSCALE_FUNNEL_TARGET"] == .environment)
        let report = ConfigurationReport(
            of: try MachineName("app"),
            with,
            HostEnvironment(fixture.environment.merging(environment) { $1 })
        )
        #expect(report.secrets.map(\.source) == ["the variable DVM_TAILSCALE_AUTH_KEY"])
        #expect(try await load("", environment).settings.variables == [:])
    }

    @Test func `trap 6: what is not taken from the environment is said to count for nothing`() async throws {
        // The fixture exports DVM_MEMORY and a name dvm does not know.
        let loaded = try await load("")
        #expect(loaded.settings.memory == .gibibytes(4))
        #expect(
            loaded.warnings.contains(
                "DVM_MEMORY in the environment counts for nothing: write it in \(fixture.root)/config/config.sh"
            )
        )
    }

    @Test func `trap 8: no secret is in what a VM is to be`() async throws {
        let loaded = try await load("use tailscale\n", ["TAILSCALE_AUTH_KEY": "tskey-s3cret"])
        #expect(!"\(loaded)".contains("s3cret"))
    }

    @Test func `trap 11: the person's name is no part of a path, and Lima's account is nobody's`() async throws {
        #expect(try await load("DVM_USER=ann\n").settings.codeDirectory == "~/code/app")
        for name in ["dvm", "root", "dvm-agent"] {
            await #expect(throws: Refusal.self) { try await load("DVM_USER=\(name)\n") }
        }
    }

    @Test(arguments: ["set -u\nDVM_PORTS=()\nDVM_RECIPES=()\n", "set -euo pipefail\nDVM_PORTS=()\nunset DVM_CPUS\n"])
    func `trap 15: empty lists do no harm under set -u`(text: String) async throws {
        let settings = try await load(text).settings
        #expect(settings.ports == [])
        #expect(settings.recipes == [])
    }

    @Test func `trap 15: set -u that ends bash says what to write`() async throws {
        let refusal = await #expect(throws: Refusal.self) { try await load("set -u\nDVM_CPUS=$NOSUCH\n") }
        #expect(refusal?.message.hasPrefix("\(file) ended bash before its last line (status ") == true)
        #expect(refusal?.message.hasSuffix("\n\(file):2: NOSUCH: unbound variable") == true)
        #expect(refusal?.hint?.contains("“${NAME-}”") == true)
    }

    @Test func `trap 15: a name that would not fit is refused before Lima is asked`() throws {
        #expect(throws: Refusal.self) { try MachineName(String(repeating: "a", count: 41)) }
        #expect(throws: Refusal.self) { try MachineName("app-") }
    }

    /// macOS has bash 3.2, which none of these tests can run: what that reads are the driver and the files of `dvm init`,
    /// in which comments count, too, since people take them out of theirs.
    @Test(arguments: [
        #"\$\{!?[A-Za-z0-9_]+(\[[^\]]*\])?[\^,]"#, #"\$\([^()]*\bcase\b"#, #"\$\{[^}/]+//?[^}]*["'\\]"#,
        #"\$\{[^}]*@[A-Za-z]\}"#, #"(declare|local|typeset|unset) -[a-zA-Z]*[Ang]"#,
        #"\b(mapfile|readarray|coproc)\b"#, #"(\[\[?|test) -[vR] "#, #"\|&|&>>"#, #"\{[a-z]+\}[<>]"#, #"printf '%\("#,
        #"source [^/]*<\("#, #""\$\{![A-Za-z_]+@\}""#, #"\bwait -[np]"#, #";;&|;&"#, #"\[-[0-9$]"#,
        #"\$\{[^}]+: *[^}]*: *-"#, #"\{-?[0-9]+\.\.-?[0-9]+\.\."#, #"\b(EPOCHSECONDS|EPOCHREALTIME|BASHPID|SRANDOM)\b"#,
        #"\bread\b[^;|&\n]* -[a-zA-Z]*[iN]"#, #"\bread\b[^;|&\n]* -t *[0-9]*\.[0-9]"#, #"printf -v *"?[A-Za-z_]+\["#,
        #"shopt -s [^;\n]*(globstar|lastpipe|autocd|inherit_errexit|localvar_inherit)"#, #"\blocal -( |$|;)"#,
        #"\$'[^']*\\[uU]"#,
    ])
    func `trap 15: what a Mac's bash reads keeps to what 3.2 knows`(pattern: String) throws {
        let newer = #"""
            x=${x^^} y=${x@Q} declare -A map; local -n ref; mapfile -t lines; [[ -v x ]]; a |& b; exec {fd}>x;
            printf '%(%s)T'; source <(x); "${!DVM_@}"; wait -n; case x in a) ;& esac; ${x[-1]} ${x:0:-1} {1..9..2}
            $EPOCHSECONDS; read -r -N 1 x; read -t 0.5 x; printf -v 'x[1]' a; printf -v x[1] a; shopt -s globstar
            local -; $'\u00e9'; y=$(case x in x) ;; esac); ${x//\'/y}
            """#
        let regex = try Regex(pattern)
        #expect(newer.firstMatch(of: regex) != nil)
        let directory = Products.repository.appending(path: "recipes/templates")
        let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        #expect(files.count >= 5)
        let texts = [Evaluation.driver] + (try files.map { try String(contentsOf: $0, encoding: .utf8) })
        for text in texts { #expect(text.firstMatch(of: regex).map { text[$0.range] } == nil) }
    }
}
