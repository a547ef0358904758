import DVMProtocol
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `A file that need not be there` {
    @Test func `is empty when it is missing, and read when it is there`() throws {
        let scratch = ScratchDirectory()
        #expect(try TextFile.readIfPresent(FilePath(scratch("list"))) == "")
        try scratch.write("somebody\n", to: "list")
        #expect(try TextFile.readIfPresent(FilePath(scratch("list"))) == "somebody\n")
    }

    @Test func `is not taken for empty when it cannot be read`() throws {
        let scratch = ScratchDirectory()
        try scratch.write(String(repeating: "x", count: 1 << 21), to: "list")
        #expect(throws: Refusal.self) { try TextFile.readIfPresent(FilePath(scratch("list"))) }
    }
}
