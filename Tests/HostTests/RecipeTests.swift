import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

extension Recipe {
    /// A recipe of this text, as one that came with dvm.
    static func fixture(_ name: String, _ text: String) throws -> Recipe {
        try Recipe(try RecipeName(name), Array(text.utf8), from: .bundled(FilePath("/recipes/\(name).sh")))
    }
}

@Suite struct `The name of a recipe` {
    @Test(arguments: ["a", "git-delta", "node20", String(repeating: "a", count: 64)])
    func `is lowercase letters, digits and hyphens`(text: String) throws {
        #expect(try RecipeName(text).text == text)
    }

    @Test(arguments: [
        "", "1a", "-a", "A", "a_b", "a/b", "..", "a.sh", "ä", "a b", "a\n", String(repeating: "a", count: 65),
    ])
    func `is refused otherwise`(text: String) throws {
        #expect(throws: Refusal.self) { try RecipeName(text) }
    }
}

@Suite struct `The header of a recipe` {
    private func header(_ text: String) throws(Refusal) -> RecipeHeader {
        try RecipeHeader(of: text, at: "/recipes/x.sh")
    }

    @Test func `says what its lines say`() throws {
        let text = """
            #!/usr/bin/env bash
            # Copyright somebody.
            # dvm: summary: the tool x, and what: it needs
            #  dvm: as:root

            # dvm: vars: DVM_X_VERSION, DVM_X_SHA256
            #dvm: vars: DVM_X_MODE! DVM_X_VERSION DVM_X_NAME?
            # dvm: secrets: X_TOKEN Y_KEY?
            # dvm: needs: node,python
            # dvm-conflicts: y
            # dvm: service: dvm-x@1.service
            # dvm: tools: x x2
            set -e
            # needs: nothing
            """
        #expect(
            try header(text)
                == RecipeHeader(
                    summary: "the tool x, and what: it needs",
                    identity: .root,
                    variables: ["DVM_X_VERSION", "DVM_X_SHA256", "DVM_X_MODE", "DVM_X_NAME"],
                    requiredVariables: ["DVM_X_MODE"],
                    sometimesRequired: ["DVM_X_NAME"],
                    secrets: ["X_TOKEN", "Y_KEY"],
                    keptSecrets: ["Y_KEY"],
                    needs: [try RecipeName("node"), try RecipeName("python")],
                    conflicts: [try RecipeName("y")],
                    service: "dvm-x@1.service",
                    tools: ["x", "x2"]
                )
        )
    }

    @Test(arguments: ["", "echo hello\n", "#!/bin/sh\n# a comment about dvm: nothing\n"])
    func `may be missing: root, without variables`(text: String) throws {
        #expect(try header(text) == RecipeHeader())
    }

    @Test func `may say that it runs as the user`() throws {
        #expect(try header("# dvm: as: user").identity == .user)
    }

    @Test(
        arguments: [
            (
                "#!/bin/sh\n# dvm: sumary: x", "/recipes/x.sh:2: “sumary” is not a key of a recipe's header",
                "did you mean summary?"
            ),
            ("# dvm: summary", "/recipes/x.sh:1: it is not a line “# dvm: key: value”", nil),
            ("# dvm: as: admin", "/recipes/x.sh:1: “admin” is nobody a recipe can run as", nil),
            ("# dvm: vars: NODE_VERSION", "/recipes/x.sh:1: “NODE_VERSION” is not a variable of a recipe", nil),
            ("# dvm: vars: DVM_x", "/recipes/x.sh:1: “DVM_x” is not a variable of a recipe", nil),
            ("# dvm: vars: DVM_", "/recipes/x.sh:1: “DVM_” is not a variable of a recipe", nil),
            ("# dvm: vars: DVM_X!!", "/recipes/x.sh:1: “DVM_X!” is not a variable of a recipe", nil),
            ("# dvm: vars: DVM_USER", "/recipes/x.sh:1: every recipe has DVM_USER without asking", nil),
            ("# dvm: vars: DVM_LIMACTL", "/recipes/x.sh:1: DVM_LIMACTL means something else to dvm", nil),
            ("# dvm: vars: DVM_SECRET_X_CMD", "/recipes/x.sh:1: DVM_SECRET_X_CMD means something else to dvm", nil),
            ("# dvm: secrets: token", "/recipes/x.sh:1: “token” cannot name a secret", nil),
            ("# dvm: secrets: ?", "/recipes/x.sh:1: “” cannot name a secret", nil),
            ("# dvm: secrets: _T", "/recipes/x.sh:1: “_T” cannot name a secret", nil),
            ("# dvm: needs: ../x", "/recipes/x.sh:1: “../x” cannot name a recipe", nil),
            ("# dvm: needs:", "/recipes/x.sh:1: “needs:” says nothing", nil),
            (
                "# dvm: service: x", "/recipes/x.sh:1: “x” is not a unit of systemd",
                "write one unit with its ending, such as app.service"
            ),
            (
                "# dvm: service: a.service b.service",
                "/recipes/x.sh:1: “a.service b.service” is not a unit of systemd", nil
            ),
            ("# dvm: as: root\n# dvm: as: user", "/recipes/x.sh:2: a second “as:”", "keep one of them"),
            ("# dvm: summary: \u{1b}[2J", "/recipes/x.sh:1: “summary:” contains a control character", "take it out"),
            (
                "true\n# dvm: needs: node", "/recipes/x.sh:2: a line of the header below the first command",
                "move it to the top of the file"
            ),
            (
                "# dvm: as: user\n# dvm: secrets: T",
                "/recipes/x.sh: a recipe with `secrets:` runs as root, since only root can read them", nil
            ),
        ] as [(String, String, String?)]
    )
    func `is refused with file and line`(text: String, message: String, hint: String?) {
        let refusal = #expect(throws: Refusal.self) { try header(text) }
        #expect(refusal?.message == message)
        #expect(refusal?.hint != nil)
        if let hint { #expect(refusal?.hint == hint) }
    }

    @Test func `is found in a file with the line ends of Windows, which bash then refuses by itself`() throws {
        #expect(try header("#!/bin/sh\r\n# dvm: needs: node\r\n").needs == [try RecipeName("node")])
    }
}

@Suite struct `Recipes on a shelf` {
    let fixture: HostFixture
    var own: TrustedFiles { TrustedFiles(root: FilePath("\(fixture.root)/config")) }
    var bundled: FilePath { FilePath("\(fixture.root)/share/dvm/recipes") }

    init() throws {
        fixture = try HostFixture()
        try fixture.write("share/dvm/recipes/node.sh", "# dvm: summary: bundled\n")
        try fixture.write("share/dvm/recipes/git.sh", "# dvm: summary: git\n")
        try fixture.write("share/dvm/recipes/README.md", "")
        try fixture.write("share/dvm/recipes/lib/prelude.sh", "dvm_x() { :; }\n")
    }

    private func shelf() throws(Refusal) -> RecipeShelf { try RecipeShelf.read(own: own, bundled: bundled) }

    @Test func `are the bundled ones, and a person's own over them`() throws {
        try fixture.write("config/recipes/node.sh", "# dvm: summary: mine\n")
        try fixture.write("config/recipes/zig.sh", "")
        let shelf = try shelf()
        #expect(
            try shelf.all().map { "\($0.name) \($0.header.summary) \($0.origin.path)" } == [
                "git git \(bundled)/git.sh", "node mine \(fixture.root)/config/recipes/node.sh",
                "zig  \(fixture.root)/config/recipes/zig.sh",
            ]
        )
        #expect(try shelf.prelude() == "dvm_x() { :; }\n")
    }

    @Test func `are suggested when a name is misspelt`() throws {
        let shelf = try shelf()
        #expect(
            throws: Refusal(
                "there is no recipe “nod”",
                hint: "did you mean node? `dvm recipes` lists the ones there are"
            )
        ) { try shelf.recipe(named: try RecipeName("nod")) }
    }

    @Test func `are taken apart in the hint where commas stand between them`() throws {
        let shelf = try shelf()
        #expect(shelf.unknown("git,node").hint == "write blanks between names: use git node")
        #expect(shelf.unknown("git,nod").hint == "`dvm recipes` lists the ones there are")
    }

    @Test(arguments: ["config/recipes", "config/recipes/zig.sh"])
    func `are refused when others could have written the person's`(path: String) throws {
        try fixture.write("config/recipes/zig.sh", "")
        try fixture.setMode(0o777, path)
        let refusal = #expect(throws: Refusal.self) { try shelf().recipe(named: try RecipeName("zig")) }
        #expect(
            refusal?.message == "\(fixture.root)/\(path) can be changed by other users, who could make dvm run anything"
        )
    }

    @Test func `do not keep each other from use`() throws {
        try fixture.write("config/recipes/zig.sh", "# dvm: as: me\n")
        try fixture.write("config/recipes/My Recipe.sh", "")
        let shelf = try shelf()
        #expect(try shelf.recipe(named: try RecipeName("git")).header.summary == "git")
        #expect(throws: Refusal.self) { try shelf.recipe(named: try RecipeName("zig")) }
        #expect(throws: Refusal.self) { try shelf.all() }
        #expect(shelf.sound.map(\.name.text) == ["git", "node"])
        #expect(
            shelf.strays.map(\.message) == [
                "\(fixture.root)/config/recipes/My Recipe.sh: “My Recipe” cannot name a recipe"
            ]
        )
    }

    @Test func `are missing when dvm was installed without them, which is said`() throws {
        let shelf = try RecipeShelf.read(own: own, bundled: nil)
        #expect(shelf.names == [])
        #expect(
            throws: Refusal(
                "dvm was installed without its recipes",
                hint: "install dvm again with `make install`, which brings its recipes"
            )
        ) {
            try shelf.prelude()
        }
    }

    @Test func `are found beside an installed dvm, and in the source one was built in`() throws {
        let installed = FilePath("\(fixture.root)/bin/dvm-host")
        #expect(RecipeShelf.bundledDirectory(of: installed) == bundled)
        try fixture.makeDirectory("source/recipes")
        let built = FilePath("\(fixture.root)/source/.build/x86_64/debug/dvm-host")
        #expect(RecipeShelf.bundledDirectory(of: built) == FilePath("\(fixture.root)/source/recipes"))
        #expect(RecipeShelf.bundledDirectory(of: FilePath("\(fixture.root)/elsewhere/bin/dvm")) == nil)
    }
}

@Suite struct `The recipes of a VM` {
    /// A shelf from names and the lines of their headers.
    private func shelf(_ recipes: KeyValuePairs<String, String>) throws -> RecipeShelf {
        RecipeShelf(
            try recipes.map { name, header in
                try .fixture(name, header.split(separator: ";").map { "# dvm: \($0)\n" }.joined())
            }
        )
    }

    private func names(_ used: [String], _ shelf: RecipeShelf, baseline: Bool = true) throws -> [String] {
        try RecipeSelection.resolve(used.map { try RecipeName($0) }, on: shelf, baseline: baseline).map(\.name.text)
    }

    @Test(
        arguments: [
            ([], true, ["baseline"]), ([], false, []), (["z", "a"], true, ["baseline", "z", "a"]),
            (["a", "z", "a"], false, ["a", "z"]), (["top"], true, ["baseline", "low", "mid", "z", "top"]),
            (["z", "top"], false, ["z", "low", "mid", "top"]), (["a", "baseline"], true, ["baseline", "a"]),
            (["baseline"], false, ["baseline"]),
        ] as [([String], Bool, [String])]
    )
    func `run as they are used, each once and after what it needs`(used: [String], baseline: Bool, order: [String])
        throws
    {
        let shelf = try shelf([
            "baseline": "", "a": "", "z": "", "low": "", "mid": "needs: low", "top": "needs: mid z low",
        ])
        #expect(try names(used, shelf, baseline: baseline) == order)
    }

    @Test func `need no baseline where there is none`() throws {
        #expect(try names(["a"], shelf(["a": ""])) == ["a"])
    }

    @Test func `are refused when they need each other, with the circle`() throws {
        let shelf = try shelf(["a": "needs: b", "b": "needs: c", "c": "needs: d b", "d": ""])
        #expect(
            throws: Refusal(
                "these recipes need each other: b → c → b",
                hint: "take one of them out of `# dvm: needs:` in /recipes/c.sh"
            )
        ) { try names(["a"], shelf) }
    }

    @Test func `are refused when two conflict, whichever says so, with who brought them in`() throws {
        let shelf = try shelf(["a": "needs: b", "b": "", "c": "conflicts: b"])
        let expected = Refusal(
            "the recipes c and b cannot be used together (a needs b)",
            hint: "take one of them out of what the VM uses"
        )
        #expect(throws: expected) { try names(["a", "c"], shelf) }
        #expect(throws: expected) { try names(["c", "a"], shelf) }
        #expect(try names(["c"], shelf) == ["c"])
    }

    @Test func `are refused when one needs what there is not`() throws {
        let shelf = try shelf(["a": "needs: nod", "node": ""])
        #expect(
            throws: Refusal(
                "the recipe a needs “nod”, which there is not (/recipes/a.sh)",
                hint: "did you mean node? `dvm recipes` lists the ones there are"
            )
        ) { try names(["a"], shelf) }
    }

    @Test func `cannot need or exclude themselves`() {
        for key in ["needs", "conflicts"] {
            #expect(throws: Refusal.self) { try Recipe.fixture("a", "# dvm: \(key): a\n") }
        }
    }
}
