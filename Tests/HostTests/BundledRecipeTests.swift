import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `The recipes that come with dvm` {
    let fixture: HostFixture
    let shelf: RecipeShelf

    init() throws {
        fixture = try HostFixture()
        shelf = try RecipeShelf.read(
            own: TrustedFiles(root: FilePath("\(fixture.root)/config")),
            bundled: FilePath(Products.repository.appending(path: "recipes").path)
        )
    }

    @Test func `have headers that can be read, and say what they are`() throws {
        let recipes = try shelf.all()
        #expect(recipes.count >= 34)
        #expect(recipes.filter(\.header.summary.isEmpty).map(\.name) == [])
    }

    @Test func `can be used all at once`() throws {
        let order = try RecipeSelection.resolve(shelf.names, on: shelf).map(\.name)
        #expect(order.first == .baseline)
        #expect(Set(order) == Set(shelf.names))
    }

    /// The recipes a file of `recipes/templates` uses or proposes, also in comments.
    private func proposals(in kind: String) throws -> [RecipeName] {
        let text = try String(
            contentsOf: Products.repository.appending(path: "recipes/templates/\(kind).sh"),
            encoding: .utf8
        )
        let lines = text.matches(of: #/(?m)^[# ]*use ([a-z0-9 -]+)$/#)
        return try lines.flatMap { try $0.output.1.split(separator: " ").map { try RecipeName($0) } }
    }

    @Test(arguments: ["app", "config"])
    func `are proposed to a new user only where they need nothing more, on any distribution`(kind: String) throws {
        let names = try proposals(in: kind)
        try #require(names.count >= 4)
        for recipe in try RecipeSelection.resolve(names, on: shelf) {
            for architecture in Settings.Architecture.allCases {
                #expect(recipe.lack(of: [:], on: architecture) == nil)
            }
            #expect(recipe.doubts([:]) == [], "\(recipe.name)")
        }
        // Which is no matter of course.
        #expect(try !shelf.recipe(named: RecipeName("helix")).doubts([:]).isEmpty)
        #expect(try shelf.recipe(named: RecipeName("opencode")).lack(of: [:], on: .x86_64) != nil)
    }

    @Test func `say where the file is whose digest they lack`() throws {
        let recipe = try shelf.recipe(named: RecipeName("opencode"))
        let pin = try #require(recipe.pins.first)
        for (architecture, part) in [(Settings.Architecture.x86_64, "x64"), (.aarch64, "arm64")] {
            let file = "opencode-linux-\(part).tar.gz"
            #expect(
                recipe.lack(of: [:], on: architecture)
                    == Refusal(
                        "the recipe opencode needs DVM_OPENCODE_SHA256: no SHA-256 is known of opencode \(pin.version)",
                        hint: "set it in the configuration to what sha256sum prints of https://github.com/"
                            + "anomalyco/opencode/releases/download/v\(pin.version)/\(file); "
                            + "DVM_OPENCODE_VERSION chooses another version"
                    )
            )
        }
    }

    @Test func `fit into one message with the functions they share`() throws {
        let prelude = try shelf.prelude()
        for recipe in try shelf.all() {
            let unit = ProvisionUnit(
                name: recipe.name.text,
                identity: recipe.header.identity,
                prelude: prelude,
                script: recipe.text,
                digest: String(repeating: "0", count: 64),
                timeLimit: 1
            )
            try unit.check()
        }
    }
}
