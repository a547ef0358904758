import DVMProtocol
import Foundation
import Testing

@testable import DVMTransfer

@Suite struct `The mark of a file that came from elsewhere` {
    @Test func `says that it was loaded, when and by whom, as a Mac reads it`() {
        #expect(OpenFile.quarantineMark(at: 0x6744_A1B2) == "0081;6744a1b2;dvm;")
        // Four parts: flags, time, program, event.
        #expect(OpenFile.quarantineMark(at: 1).split(separator: ";", omittingEmptySubsequences: false).count == 4)
    }
}
