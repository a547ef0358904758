import Testing

@Suite struct `The architecture` {
    private let files: [SourceFile]

    init() throws { files = try SourceTree.files() }

    private func complaints(_ rule: Rule) -> [String] { files.flatMap(rule.complaints) }

    /// What the headers of the guest's C module define for changes of identity and mounts.
    private func ours() throws -> [String] {
        let names = try SourceTree.files(".h").filter {
            $0.isIn(["CLinux/include/identity.h", "CLinux/include/mounts.h"])
        }.flatMap { $0.text.matches(of: /\b(dvm_\w+)\(/).map { String($0.output.1) } }
        try #require(names.contains("dvm_set_users"))
        return names
    }

    @Test func `is looked at whole`() {
        #expect(files.count > 100)
        for part in ["Protocol/", "dvm-guest/", "dvm-host/"] { #expect(files.contains { $0.isIn([part]) }) }
    }

    @Test(arguments: [
        Rule.importTable, .limactl, .starting, .nameService, .unsafe, .printing, .unfinished, .length,
    ])
    func `is kept`(rule: Rule) { #expect(complaints(rule) == []) }

    @Test func `changes identity in one folder`() throws { #expect(complaints(.identity(try ours())) == []) }

    @Test func `knows no recipe by name`() { #expect(complaints(.recipes(SourceTree.recipes())) == []) }

    @Test func `lets serve and enter meet in one value only`() {
        let serve = Rule.types("dvm-guest/Serve/", of: files)
        let enter = Rule.types("dvm-guest/Enter/", of: files).filter { $0 != "Spawn" }
        #expect(serve.contains("Channel"))
        #expect(enter.contains("Bubblewrap"))
        #expect(complaints(.strangers("dvm-guest/Serve/", to: enter)) == [])
        #expect(complaints(.strangers("dvm-guest/Enter/", to: serve)) == [])
    }
}

/// Each rule broken once: a rule that nothing can break says nothing.
@Suite struct `A rule of the architecture` {
    @Test(
        arguments: [
            (.importTable, "Protocol/Frame.swift", "import Foundation"),
            (.importTable, "Protocol/Frame.swift", "internal import SystemPackage"),
            (.importTable, "Protocol/MessageCoding.swift", "import Dispatch"),
            (.importTable, "dvm-guest/Serve/Server.swift", "internal import Foundation"),
            (.importTable, "dvm-guest/Serve/Server.swift", "import struct Foundation.URL"),
            (.importTable, "dvm-guest/Serve/Server.swift", "internal import CSeccomp"),
            (.importTable, "dvm-guest/Enter/Enter.swift", "internal import Dispatch"),
            (.importTable, "dvm-host/Link/Link.swift", "internal import CLinux"),
            (.importTable, "dvm-host/Commands/Ls.swift", "internal import Subprocess"),
            (.importTable, "dvm-host/Commands/Ls.swift", "@testable import TestSupport"),
            (.importTable, "elsewhere/New.swift", "import Glibc"),
            (.limactl, "dvm-host/Commands/Ls.swift", #"    let program = environment.find(program: "limactl")"#),
            (.limactl, "dvm-host/Machines/Machine.swift", "        GuestCommand(executable: path)"),
            (.starting, "dvm-host/Commands/Ls.swift", "    try await BoundedRun(executable: path)"),
            (.starting, "dvm-guest/Serve/Server.swift", "    unsafe posix_spawn(&pid)"),
            (.nameService, "dvm-guest/Files/Accounts.swift", "    let entry = unsafe getpwnam(name)"),
            (.nameService, "dvm-guest/Wrapper/Ask.swift", "    FileManager.default.attributesOfItem(atPath: path)"),
            (.unsafe, "Protocol/Frame.swift", "    unsafe bytes.withUnsafeBytes {}"),
            (.unsafe, "dvm-host/Commands/Ls.swift", "nonisolated(unsafe) var count = 0"),
            (.printing, "dvm-guest/Serve/Server.swift", "        print(frame)"),
            (.printing, "dvm-guest/Enter/Enter.swift", "        debugPrint(order)"),
            (.unfinished, "Protocol/Frame.swift", "    let size = 12 // TODO: why"),
            (.length, "Protocol/Frame.swift", String(repeating: "\n", count: 351)),
            (.identity([]), "dvm-guest/Serve/Server.swift", "        setuid(0)"),
            (.identity([]), "dvm-host/Link/Link.swift", "        _ = setresgid(1, 1, 1)"),
            (.identity(["dvm_set_users"]), "dvm-guest/Provision/Developer.swift", "    dvm_set_users(1)"),
            (.recipes(["node", "rust"]), "dvm-host/Commands/Sync.swift", #"    let path = "recipes/node.sh""#),
            (
                .strangers("dvm-guest/Serve/", to: ["Bubblewrap"]), "dvm-guest/Serve/Server.swift",
                "    Bubblewrap.check()"
            ),
        ] as [(Rule, String, String)]
    )
    func `is broken by what it forbids`(rule: Rule, path: String, text: String) {
        #expect(rule.complaints(SourceFile(path: path, text: text)).count == 1)
    }

    @Test(
        arguments: [
            (.importTable, "Protocol/MessageCoding.swift", "import FoundationEssentials"),
            (.importTable, "dvm-guest/Enter/Bubblewrap.swift", "internal import CCap"),
            (.importTable, "dvm-host/Commands/Ls.swift", "    // import Foundation"),
            (.limactl, "dvm-host/Lima/Limactl.swift", #"    environment.find(program: "limactl")"#),
            (.identity([]), "dvm-guest/Enter/Identity.swift", "    setuid(0)"),
            (.unsafe, "dvm-host/Link/Link.swift", "    unsafe read(1)"),
            (.nameService, "dvm-host/Support/Files.swift", "    attributesOfItem(atPath: path)"),
            (.printing, "dvm-guest/Version.swift", "    print(version)"),
            (
                .strangers("dvm-guest/Serve/", to: ["Bubblewrap"]), "dvm-guest/Doctor/Doctor.swift",
                "    Bubblewrap.check()"
            ),
            (.strangers("dvm-guest/Serve/", to: ["Enter"]), "dvm-guest/Serve/Launch.swift", #"    role: "Enter""#),
        ] as [(Rule, String, String)]
    )
    func `is kept by what it allows`(rule: Rule, path: String, text: String) {
        #expect(rule.complaints(SourceFile(path: path, text: text)) == [])
    }
}
