import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `The commands that start tools in a VM` {
    let scratch = ScratchDirectory()

    private let own = Tool(name: "crush", summary: "Crush", programs: ["/usr/lib/crush/crush"])

    private func directory() throws -> FilePath { FilePath(scratch.path) }

    private func names() throws -> [String] { try Directories.entries(directory()).compactMap(\.lastComponent?.string) }

    private func install(_ tools: [Tool], system: [FilePath] = []) throws -> Bool {
        try Wrappers.install(for: tools, in: directory(), system: system)
    }

    @Test func `are one for each name, and one for the guest program`() throws {
        #expect(try install(Tool.all))
        #expect(try names() == (Tool.all.flatMap(\.commands) + ["dvm-guest"]).sorted())
        #expect(
            try TextFile.read(directory().appending("vibe")) == """
                #!/bin/sh
                # Written by dvm; `dvm sync` replaces it.
                exec /usr/local/libexec/dvm/dvm-guest ask mistral -- "$@"

                """
        )
        #expect(try !install(Tool.all))
    }

    @Test func `go away with a tool of a person's own, and nothing else does`() throws {
        let others = ["make": "#!/bin/sh\necho\n", "note": "# Written by dvm; `dvm sync` replaces it.\n"]
        for (name, text) in others { try TextFile.write(text, to: directory().appending(name), mode: .ownerReadWrite) }
        #expect(try install(Tool.all + [own]))
        #expect(try names().contains("crush"))
        #expect(try install(Tool.all))
        #expect(try !names().contains("crush"))
        #expect(try Set(names()).isSuperset(of: others.keys))
        #expect(try names().contains("dvm-guest"))
    }

    @Test func `are not put in the place of somebody else's`() throws {
        try TextFile.write("#!/bin/sh\n", to: directory().appending("crush"), mode: .ownerReadWrite)
        let refusal = #expect(throws: Refusal.self) { try install([own]) }
        #expect(refusal?.message.contains("is not dvm's") == true)
        #expect(try TextFile.read(directory().appending("crush")) == "#!/bin/sh\n")
    }

    @Test func `do not hide a program of the system, unless it is the tool`() throws {
        let system = try directory().appending("system")
        try FileManager.default.createDirectory(atPath: system.string, withIntermediateDirectories: true)
        try TextFile.write("x", to: system.appending("crush"), mode: .ownerReadWrite)
        let refusal = #expect(throws: Refusal.self) { try install([own], system: [system]) }
        #expect(refusal?.message == "the tool crush would hide \(system)/crush of the VM")
        #expect(try names() == ["system"])
        var itself = own
        itself.programs = ["\(system)/crush"]
        #expect(try install([itself], system: [system]))
    }
}
