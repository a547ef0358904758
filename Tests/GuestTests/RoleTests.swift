import Testing

@testable import dvm_guest

@Suite struct `What the guest program starts itself as` {
    @Test(arguments: Guest.roles.keys.sorted())
    func `is what the parser would find`(word: String) throws {
        let found = try Guest.command([word])
        let parsed = try Guest.parseAsRoot([word])
        #expect(type(of: found) == type(of: parsed))
    }

    @Test func `is found by its word alone`() throws {
        #expect(throws: (any Error).self) { try Guest.command(["task", "--nosuch"]) }
        #expect(try Guest.command(["version"]) is Version)
    }
}
