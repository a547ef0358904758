import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `The kind of terminal a program is told` {
    @Test func `is the one asked for where the VM knows it`() throws {
        let scratch = ScratchDirectory()
        try FileManager.default.createDirectory(atPath: scratch("x"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: scratch("61"), withIntermediateDirectories: true)
        try scratch.write("", to: "x/xterm-kitty")
        try scratch.write("", to: "61/alacritty")

        #expect(TerminalKind.known("xterm-kitty", in: [FilePath(scratch.path)]) == "xterm-kitty")
        #expect(TerminalKind.known("alacritty", in: [FilePath(scratch.path)]) == "alacritty")
    }

    @Test(arguments: ["xterm-ghostty", "", "../x/xterm-kitty", "x/../x", ".", "x\u{1B}[m"])
    func `is the usual one otherwise, and never a path`(name: String) throws {
        let scratch = ScratchDirectory()
        try FileManager.default.createDirectory(atPath: scratch("x"), withIntermediateDirectories: true)
        try scratch.write("", to: "x/xterm-kitty")

        #expect(TerminalKind.known(name, in: [FilePath(scratch.path)]) == "xterm-256color")
    }
}
