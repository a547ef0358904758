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
