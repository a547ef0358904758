import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `dvm config` {
    let fixture: HostFixture

    init() throws {
        fixture = try HostFixture()
        try fixture.write("share/dvm/recipes/baseline.sh", "")
        try fixture.write(
            "share/dvm/recipes/node.sh",
            "# dvm: vars: DVM_NODE_VERSION DVM_NODE_EXTRA DVM_NODE_MIRROR!\n"
        )
        try fixture.write("config/recipes/npm.sh", "# dvm: needs: node\n# dvm: secrets: NPM_TOKEN A_KEY B_KEY C_KEY\n")
        try fixture.write(
            "config/config.sh",
            "DVM_MEMORY=8\nDVM_MEMORY=16\nuse npm\nDVM_SECRET_NPM_TOKEN_CMD='printf s3cret'\n"
        )
        try fixture.write(
            "config/vms/app.sh",
            "DVM_PORTS=(80:80 81:81)\nDVM_CODEX_YOLO=0\nDVM_NODE_VERSION=$'20\\e[m'\n"
        )
        try fixture.write("config/vms/app/setup.sh", "true\n")
    }

    private func report(_ more: [String: String] = [:]) async throws -> ConfigurationReport {
        let given = ["A_KEY": "v4lue", "DVM_SECRET_B_KEY_FILE": "/secret/b", "DVM_TEMPLATE": "debian-12"]
        let environment = HostEnvironment(
            fixture.environment.merging(given) { _, new in new }.merging(more) { _, new in new }
        )
        let bundled = FilePath("\(fixture.root)/share/dvm/recipes")
        var store = ConfigurationStore(paths: try Paths(environment), environment: environment, bundled: bundled)
        store.host = HostFacts()
        let app = try MachineName("app")
        return ConfigurationReport(of: app, try await store.load(app), environment)
    }

    @Test func `shows every value with where it is from`() async throws {
        let report = try await report()
        let file = "\(fixture.root)/config/vms/app.sh"
        let common = "\(fixture.root)/config/config.sh"
        for variable in Variable.allCases { #expect(report.variables[variable.name] != nil) }
        typealias Value = ConfigurationReport.Value
        #expect(report.variables["DVM_MEMORY"] == Value(value: .text("16GiB"), origin: "\(common):1,2"))
        #expect(report.variables["DVM_CPUS"] == Value(value: .text("2"), origin: "this computer"))
        #expect(report.variables["DVM_DISK"] == Value(value: .text("60GiB"), origin: "built in"))
        #expect(report.variables["DVM_REPO"] == Value(value: nil, origin: "built in"))
        #expect(report.variables["DVM_PORTS"] == Value(value: .list(["80:80", "81:81"]), origin: "\(file):1"))
        #expect(report.variables["DVM_CODEX_YOLO"] == Value(value: .text("0"), origin: "\(file):2"))
        #expect(report.variables["DVM_CLAUDE_BYPASS"] == Value(value: .text("1"), origin: "built in"))
        #expect(report.variables["DVM_NODE_VERSION"] == Value(value: .text("20\u{1B}[m"), origin: "\(file):3"))
        #expect(report.variables["DVM_NODE_EXTRA"] == nil)
        #expect(report.variables["DVM_NODE_MIRROR"] == Value(value: nil, origin: "nowhere: node needs it"))
        #expect(
            report.variables["DVM_TEMPLATE"]
                == Value(value: .text("template:_images/debian-12"), origin: "the environment")
        )
    }

    @Test func `shows recipes in the order they run, with who asked for them`() async throws {
        #expect(
            try await report().recipes == [
                .init(
                    name: "baseline",
                    reason: "in every VM",
                    origin: "bundled",
                    path: "\(fixture.root)/share/dvm/recipes/baseline.sh"
                ),
                .init(
                    name: "node",
                    reason: "needed by npm",
                    origin: "bundled",
                    path: "\(fixture.root)/share/dvm/recipes/node.sh"
                ),
                .init(
                    name: "npm",
                    reason: "\(fixture.root)/config/config.sh:3",
                    origin: "own",
                    path: "\(fixture.root)/config/recipes/npm.sh"
                ),
            ]
        )
        #expect(try await report().setupScripts == ["\(fixture.root)/config/vms/app/setup.sh"])
    }

    @Test func `says where secrets would come from, and never what they are`() async throws {
        let report = try await report()
        #expect(
            report.secrets == [
                .init(name: "NPM_TOKEN", recipe: "npm", source: "a command (\(fixture.root)/config/config.sh:4)"),
                .init(name: "A_KEY", recipe: "npm", source: "the variable A_KEY"),
                .init(name: "B_KEY", recipe: "npm", source: "/secret/b (the environment)"),
                .init(name: "C_KEY", recipe: "npm", source: nil),
            ]
        )
        for text in [report.text(), try JSON.text(report)] {
            #expect(!text.contains("s3cret") && !text.contains("v4lue"))
            #expect(!text.contains("\u{1B}"))
        }
    }

    @Test func `draws tables, an entry a line`() async throws {
        let lines = try await report().text().split(separator: "\n").map(String.init)
        #expect(lines.first?.hasPrefix("VARIABLE ") == true)
        #expect(lines.contains { $0.hasPrefix("DVM_NODE_VERSION ") && $0.contains("20\\u{1b}[m") })
        #expect(lines.contains { $0.hasPrefix("npm ") && $0.hasSuffix("\(fixture.root)/config/recipes/npm.sh") })
        #expect(lines.contains { $0.hasPrefix("C_KEY ") && $0.hasSuffix("not there yet") })
        #expect(try await report().text(width: 40).split(separator: "\n").allSatisfy { $0.count <= 40 })
    }

    @Test func `lets the environment have the last word about a recipe's variables, and says so`() async throws {
        let value = try await report(["DVM_NODE_VERSION": "22"]).variables["DVM_NODE_VERSION"]
        #expect(value == .init(value: .text("22"), origin: "the environment"))
    }
}

@Suite struct `dvm recipes` {
    @Test func `shows what a recipe says about itself`() throws {
        let recipe = try Recipe.fixture(
            "node",
            "# dvm: summary: Node\n# dvm: vars: DVM_A DVM_B! DVM_C?\n# dvm: needs: git\n# dvm: service: x.service\n"
        )
        #expect(
            RecipeSummary(recipe).text == """
                name:      node
                summary:   Node
                runs as:   root
                variables: DVM_A DVM_B DVM_C
                must set:  DVM_B
                may need:  DVM_C
                needs:     git
                service:   x.service
                origin:    bundled, /recipes/node.sh
                """
        )
        #expect(
            RecipeSummary.table([RecipeSummary(recipe)]).draw() == """
                NAME  ORIGIN   SUMMARY
                node  bundled  Node; needs DVM_B
                """
        )
        #expect(
            String(decoding: try JSON.encode(RecipeSummary(try .fixture("a", ""))), as: UTF8.self)
                == #"{"as":"root","conflicts":[],"name":"a","needs":[],"origin":"bundled","path":"/recipes/a.sh","#
                + #""required":[],"secrets":[],"sometimesRequired":[],"summary":"","tools":[],"variables":[]}"#
        )
    }
}
