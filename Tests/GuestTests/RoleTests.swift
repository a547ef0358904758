import Testing

@testable import dvm_guest

@Suite struct `What the guest program starts itself as` {
    private static let words = [
        "admitted": "AdmittedCommand", "copy": "CopyCommand", "enter": "Enter", "gate": "GateCommand", "look": "Look",
        "reach": "ReachCommand", "ready": "ReadyCommand", "session": "SessionCommand", "task": "Task",
    ]

    @Test func `is found by its word`() throws {
        #expect(Guest.roles.mapValues { "\($0)" } == Self.words)
        for (word, type) in Self.words { #expect("\(Swift.type(of: try Guest.command([word])))" == type) }
    }

    @Test func `is not found by more words, and keeps no command from being found`() throws {
        #expect(throws: (any Error).self) { try Guest.command(["task", "--nosuch"]) }
        #expect(try Guest.command(["version"]) is Version)
    }
}
