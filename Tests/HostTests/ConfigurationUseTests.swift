import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite(.serialized) struct `A configuration that uses recipes` {
    let fixture: HostFixture
    let app: MachineName
    var file: String { "\(fixture.root)/config/vms/app.sh" }
    var common: String { "\(fixture.root)/config/config.sh" }

    init() throws {
        fixture = try HostFixture()
        app = try MachineName("app")
        for (name, header) in [
            ("baseline", ""), ("node", "vars: DVM_NODE_VERSION"), ("npm", "needs: node"),
            ("tunnel", "secrets: TUNNEL_TOKEN"),
            ("dots", "vars: DVM_DOTS_REPO DVM_DOTS_LIST DVM_GIT_NAME DVM_CODEX_YOLO"),
        ] {
            try fixture.write("share/dvm/recipes/\(name).sh", header.isEmpty ? "" : "# dvm: \(header)\n")
        }
        try fixture.write("config/vms/app.sh", "")
    }

    private func load(_ more: [String: String] = [:], _ vm: String = "app") async throws -> ConfigurationStore.Loaded {
        let environment = HostEnvironment(fixture.environment.merging(more) { _, new in new })
        let bundled = FilePath("\(fixture.root)/share/dvm/recipes")
        var store = ConfigurationStore(paths: try Paths(environment), environment: environment, bundled: bundled)
        store.host = HostFacts()
        return try await store.load(try MachineName(vm))
    }

    private func refusal(_ text: String) async throws -> Refusal? {
        try fixture.write("config/vms/app.sh", text)
        do {
            _ = try await load()
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    private func names(_ loaded: ConfigurationStore.Loaded) -> [String] { loaded.selection.map(\.name.text) }

    // MARK: use

    @Test func `gets them in order, after what they need, and remembers where it asked`() async throws {
        try fixture.write("config/config.sh", "tools() {\n  use dots \"$@\"\n}\n")
        try fixture.write("config/vms/app.sh", "set -eu\ntools npm\nuse node dots # again\n")
        let loaded = try await load()
        #expect(names(loaded) == ["baseline", "dots", "node", "npm"])
        #expect(loaded.settings.recipes.map(\.text) == ["dots", "npm", "node"])
        #expect(
            loaded.uses == [
                .init(recipe: "dots", path: FilePath(common), line: 2),
                .init(recipe: "npm", path: FilePath(common), line: 2),
                .init(recipe: "node", path: FilePath(file), line: 3),
                .init(recipe: "dots", path: FilePath(file), line: 3),
            ]
        )
        #expect(loaded.settings.origin(of: .recipes) == .file(file, lines: [3]))
    }

    @Test(arguments: [
        "DVM_RECIPES=(node dots)", "DVM_RECIPES=\"node dots\"", "DVM_RECIPES=node\nuse dots",
        "use npm; DVM_RECIPES=(); use node dots", "for name in node dots; do use $name; done",
    ])
    func `may name them in a list as well`(text: String) async throws {
        try fixture.write("config/vms/app.sh", text)
        #expect(names(try await load()) == ["baseline", "node", "dots"])
    }

    @Test(arguments: ["DVM_NO_BASELINE=1", "DVM_NO_BASELINE=1\nuse node"])
    func `may go without the one of every VM`(text: String) async throws {
        try fixture.write("config/vms/app.sh", text)
        #expect(names(try await load()) == (text.contains("use") ? ["node"] : []))
    }

    @Test(arguments: [
        (
            "\nuse nod npm\ntouch was-run", 2, "there is no recipe “nod”",
            "did you mean node? `dvm recipes` lists the ones there are"
        ),
        ("use Node", 1, "there is no recipe “Node”", "did you mean node? `dvm recipes` lists the ones there are"),
        ("use 'node npm'", 1, "there is no recipe “node npm”", "`dvm recipes` lists the ones there are"),
        ("use $'\\e[2J'", 1, "there is no recipe “\\u{1b}[2J”", "`dvm recipes` lists the ones there are"),
        ("use", 1, "`use` names no recipe", "write the names of recipes after it; `dvm recipes` lists them"),
        ("x=$(use nosuch)", 1, "there is no recipe “nosuch”", "`dvm recipes` lists the ones there are"),
    ])
    func `is refused at once with file and line for one there is not`(
        text: String,
        line: Int,
        message: String,
        hint: String
    ) async throws {
        #expect(try await refusal(text) == Refusal("\(file):\(line): \(message)", hint: hint))
        #expect(!fixture.exists("config/was-run"))
    }

    @Test func `is refused with file and line for one in a list there is not`() async throws {
        #expect(
            try await refusal("DVM_RECIPES=(npm\n  nod)")
                == Refusal(
                    "DVM_RECIPES=“(npm nod)”, set in \(file):1: there is no recipe “nod”",
                    hint: "did you mean node? `dvm recipes` lists the ones there are"
                )
        )
    }

    @Test func `is refused when a recipe it uses is wrong, and only then`() async throws {
        try fixture.write("config/recipes/bad.sh", "# dvm: sumary: x\n")
        #expect(try await refusal("use node") == nil)
        #expect(
            try await refusal("use bad")?.message
                == "\(fixture.root)/config/recipes/bad.sh:1: “sumary” is not a key of a recipe's header"
        )
    }

    @Test func `takes a person's own recipe over dvm's`() async throws {
        try fixture.write("config/recipes/node.sh", "# dvm: vars: DVM_MY_NODE\n")
        try fixture.write("config/vms/app.sh", "use node; DVM_MY_NODE=1")
        #expect(try await load().settings.variables == ["DVM_MY_NODE": .text("1")])
    }

    // MARK: Variables of recipes

    @Test func `hands them their variables, also those of what they need`() async throws {
        try fixture.write("config/config.sh", "DVM_NODE_VERSION=20\n")
        try fixture.write(
            "config/vms/app.sh",
            "use npm dots\n\nDVM_DOTS_REPO='a b\n[c]'\nDVM_DOTS_LIST=(x=1 y=2)\nDVM_GIT_NAME=Ann\nDVM_CODEX_YOLO=0\n"
        )
        let settings = try await load().settings
        #expect(
            settings.variables == [
                "DVM_NODE_VERSION": .text("20"), "DVM_DOTS_REPO": .text("a b\n[c]"),
                "DVM_DOTS_LIST": .list(["x=1", "y=2"]), "DVM_GIT_NAME": .text("Ann"), "DVM_CODEX_YOLO": .text("0"),
            ]
        )
        #expect(settings.variables["DVM_DOTS_LIST"]?.joined == "x=1 y=2")
        #expect(settings.variableOrigins["DVM_NODE_VERSION"] == .file(common, lines: [1]))
        #expect(settings.variableOrigins["DVM_DOTS_REPO"] == .file(file, lines: [3]))
        #expect(settings.agents.prompting == ["codex"])
    }

    @Test func `is refused for a list whose items a recipe could not tell apart`() async throws {
        #expect(
            try await refusal("use dots\nDVM_DOTS_LIST=('a b' c)")
                == Refusal(
                    "DVM_DOTS_LIST=“(a b c)”, set in \(file):2: “a b” in the list has a blank",
                    hint: "write items without blanks"
                )
        )
    }

    @Test func `is refused for a variable of a recipe it does not use`() async throws {
        #expect(
            try await refusal("DVM_NODE_VERSION=20")
                == Refusal(
                    "DVM_NODE_VERSION, set in \(file):1, belongs to the recipe node, which app does not use",
                    hint: "write `use node`, or take the line out"
                )
        )
    }

    @Test func `passes over what config.sh says to recipes of other VMs`() async throws {
        try fixture.write("config/config.sh", "DVM_DOTS_REPO=x\nDVM_SECRET_TUNNEL_TOKEN_CMD='pass tunnel'\n")
        let settings = try await load().settings
        #expect(settings.variables == [:])
        #expect(settings.secretVariables == [:])
    }

    @Test func `suggests variables of recipes too`() async throws {
        #expect(
            try await refusal("use node\nDVM_NODE_VERSON=20")
                == Refusal(
                    "DVM_NODE_VERSON, set in \(file):2, is not a variable of dvm",
                    hint: "did you mean DVM_NODE_VERSION?"
                )
        )
    }

    // MARK: Secrets

    @Test func `says where secrets are, and takes the word of nothing else`() async throws {
        try fixture.write(
            "config/vms/app.sh",
            "use tunnel\nDVM_SECRET_TUNNEL_TOKEN_FILE=~/token\nDVM_SECRET_TUNNEL_TOKEN_CMD=\"pass 'a b'\"\n"
        )
        #expect(
            try await load().settings.secretVariables == [
                "DVM_SECRET_TUNNEL_TOKEN_FILE": "\(fixture.root)/home/token",
                "DVM_SECRET_TUNNEL_TOKEN_CMD": "pass 'a b'",
            ]
        )
    }

    @Test(arguments: ["DVM_TUNNEL_TOKEN", "DVM_SECRET_TUNNEL_TOKEN", "TUNNEL_TOKEN"])
    func `is refused when it holds a secret itself, which is not repeated`(name: String) async throws {
        let refusal = try await refusal("use tunnel\nexport \(name)=s3cret\n")
        #expect(
            refusal
                == Refusal(
                    "\(name), set in \(file):2, is a secret, which does not belong in a file of the configuration",
                    hint: "hand it over in the environment of `dvm sync`, or say where it is: "
                        + "DVM_SECRET_TUNNEL_TOKEN_FILE or DVM_SECRET_TUNNEL_TOKEN_CMD"
                )
        )
    }

    @Test func `is not refused for a secret that it does not hold`() async throws {
        try fixture.write("config/recipes/odd.sh", "# dvm: secrets: PATH RANDOM EMPTY\n")
        #expect(try await refusal("use node\nTUNNEL_TOKEN=\nunset TUNNEL_TOKEN\nEMPTY=''\nTUNNEL_TOKEN_OLD=x\n") == nil)
        // Nor is one taken from the environment, where it belongs.
        #expect(try await load(["TUNNEL_TOKEN": "s3cret"]).settings.secretVariables == [:])
    }

    @Test(arguments: ["DVM_TUNEL_TOKEN", "DVM_SECRET_TUNNEL_TOKN"])
    func `says which secret was meant, and how to hand it over`(name: String) async throws {
        let meant = name.hasPrefix("DVM_SECRET_") ? "DVM_SECRET_TUNNEL_TOKEN" : "DVM_TUNNEL_TOKEN"
        #expect(
            try await refusal("use tunnel\n\(name)=s3cret\n")
                == Refusal(
                    "\(name), set in \(file):2, is not a variable of dvm",
                    hint:
                        "did you mean \(meant)? It is a secret: hand it over in the environment of `dvm sync`, or say "
                        + "where it is: DVM_SECRET_TUNNEL_TOKEN_FILE or DVM_SECRET_TUNNEL_TOKEN_CMD"
                )
        )
    }

    @Test func `is refused for a path of a secret that leads nowhere sensible`() async throws {
        let refusal = try await refusal("use tunnel\nDVM_SECRET_TUNNEL_TOKEN_FILE=token\n")
        #expect(refusal?.message.hasPrefix("DVM_SECRET_TUNNEL_TOKEN_FILE, set in \(file):2: ") == true)
    }

    @Test func `keeps secrets of recipes from programs on this computer`() throws {
        try fixture.write("config/recipes/own.sh", "# dvm: secrets: OWN_KEY\n")
        let session = try Session(HostEnvironment(fixture.environment))
        #expect(session.withheld.isSuperset(of: ["OWN_KEY", "DVM_OWN_KEY", "DVM_SECRET_OWN_KEY"]))
    }

    // MARK: Scripts

    @Test(arguments: ["config/vms/app.sh", "config/vms/app/config.sh"])
    func `finds the setup script in both layouts`(path: String) async throws {
        try fixture.remove("config/vms/app.sh")
        try fixture.write(path, "")
        try fixture.write("config/vms/app/setup.sh", "echo hello\n")
        #expect(
            try await load().settings.setupScripts == [
                TrustedFiles.File(
                    path: FilePath("\(fixture.root)/config/vms/app/setup.sh"),
                    bytes: Array("echo hello\n".utf8)
                )
            ]
        )
    }

    @Test(arguments: ["config/vms/app.sh", "config/vms/app/setup.sh", "config/config.sh"])
    func `is refused for files with the line ends of Windows`(path: String) async throws {
        try fixture.write(path, "# fine\nDVM_CPUS=2\r\n")
        let refusal = await #expect(throws: Refusal.self) { try await load() }
        #expect(
            refusal?.message
                == "\(fixture.root)/\(path):2: the line ends with a carriage return, as lines do on Windows"
        )
    }

    // MARK: Certificates

    private static let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

    @Test func `reads the certificates that VMs are to trust, each once`() async throws {
        try fixture.write("home/corp.pem", "# ours\n\(Self.certificate)\(Self.certificate)")
        try fixture.write("config/vms/app.sh", "DVM_CA_CERTS=(~/corp.pem)\n")
        let settings = try await load().settings
        #expect(settings.system.certificates == [Self.certificate])
        #expect(settings.certificateFiles == [FilePath("\(fixture.root)/home/corp.pem")])
    }

    @Test(
        arguments: [
            ("", 0o600, "there is no whole certificate in it"), (certificate, 0o666, "can be changed by other users"),
            ("-----BEGIN PRIVATE KEY-----\n", 0o600, "there is a private key among the certificates"),
            (nil, 0o600, "which does not exist"), ("0\0", 0o600, "is not a file of certificates in PEM"),
        ] as [(String?, Int, String)]
    )
    func `is refused for certificates that are none, or anybody's`(text: String?, mode: Int, message: String)
        async throws
    {
        if let text { try fixture.write("home/corp.pem", text, mode: mode) }
        let refusal = try await refusal("DVM_CA_CERTS=~/corp.pem")
        #expect(refusal?.message.contains(message) == true, "\(refusal?.message ?? "")")
    }
}
