import CCap
import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// Steps that cannot be taken back, each in a process of its own.
@Suite struct `Giving up rights` {
    /// A field of this thread's status: an exit test has other threads too, and rights are a thread's.
    static func status(_ name: String) throws -> String {
        let lines = try TextFile.read("/proc/thread-self/status").split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("\(name):") })
        return String(line.dropFirst(name.count + 1).filter { !$0.isWhitespace })
    }

    static let nothing = "0000000000000000"

    @Test func `leaves no capability in any set`() async throws {
        await #expect(processExitsWith: .success) {
            // The control: root has some.
            for name in ["CapBnd", "CapEff", "CapPrm"] { #expect(try Self.status(name) != Self.nothing) }
            #expect(!Capabilities.areNone())

            try Capabilities.dropBoundingAndAmbient()
            try Identity.become(uid: 64_302, gid: 64_302, groups: [])
            try Capabilities.dropAll()

            for name in ["CapBnd", "CapEff", "CapPrm", "CapInh", "CapAmb"] {
                #expect(try Self.status(name) == Self.nothing, "\(name)")
            }
            #expect(Capabilities.areNone())
        }
    }

    @Test func `leaves nothing of root`() async throws {
        await #expect(processExitsWith: .success) {
            #expect(throws: Refusal.self) { try Identity.provePermanent() }
        }
        await #expect(processExitsWith: .success) {
            try Identity.become(uid: 64_302, gid: 64_303, groups: [64_304, 64_305])
            #expect(try Self.status("Uid") == String(repeating: "64302", count: 4))
            #expect(try Self.status("Gid") == String(repeating: "64303", count: 4))
            #expect(try Self.status("Groups") == "6430464305")
            try Identity.provePermanent()
        }
    }

    @Test func `refuses to become root or nobody in particular`() async throws {
        await #expect(processExitsWith: .success) {
            #expect(throws: Refusal.self) { try Identity.become(uid: 0, gid: 5, groups: []) }
            #expect(throws: Refusal.self) { try Identity.become(uid: .max, gid: 5, groups: []) }
            #expect(throws: Refusal.self) { try Identity.become(uid: 5, gid: .max, groups: []) }
            #expect(getuid() == 0)
        }
    }

    @Test(arguments: [(0, 1000), (999, 0), (1000, 1000)] as [(UInt32, UInt32)])
    func `refuses an agent that is root or the developer`(agent: UInt32, developer: UInt32) {
        var order = `What the agent sees`.agent
        order.uid = agent
        order.developerUid = developer
        #expect(throws: Refusal.self) { try Identity.check(order) }
    }

    @Test func `makes setuid programs harmless`() async throws {
        await #expect(processExitsWith: .success) {
            #expect(try Self.status("NoNewPrivs") == "0")
            try Capabilities.neverRegain()
            #expect(try Self.status("NoNewPrivs") == "1")
        }
    }

    @Test func `leaves no core file`() async throws {
        await #expect(processExitsWith: .success) {
            try Session.forbidCoreFiles()
            let limits = try TextFile.read("/proc/self/limits").split(separator: "\n")
            let core = try #require(limits.first { $0.hasPrefix("Max core file size") })
            #expect(core.split(separator: " ").suffix(3) == ["0", "0", "bytes"])
        }
    }

    @Test func `hides descriptors from the next program, and keeps them until then`() async throws {
        await #expect(processExitsWith: .success) {
            let leaked = unsafe dup2(open("/etc/hostname", O_RDONLY), 77)
            #expect(leaked == 77)
            let look = "test -e /proc/self/fd/77"
            #expect(unsafe system(look) == 0, "the control")
            try Descriptors.closeOnExec(from: 3)
            #expect(fcntl(77, F_GETFD) == FD_CLOEXEC)
            #expect(unsafe system(look) != 0)
        }
    }

    @Test func `gives a memory file that nobody can change`() throws {
        let file = try Descriptors.sealedFile("test", Array("words".utf8))
        defer { try? file.close() }
        #expect(fcntl(file.rawValue, F_GETFD) == 0, "it must be inherited")
        #expect(throws: Errno.notPermitted) { try file.writeAll([1]) }
        #expect(ftruncate(file.rawValue, 0) == -1)
        #expect(ftruncate(file.rawValue, 100) == -1)
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
        #expect(Array(buffer[..<count]) == Array("words".utf8))
    }

    @Test func `puts signals back to what a program expects`() async throws {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_IGN)
            signal(SIGINT, SIG_IGN)
            var blocked = sigset_t()
            unsafe sigaddset(&blocked, SIGTERM)
            unsafe sigprocmask(SIG_BLOCK, &blocked, nil)
            #expect(try Self.status("SigIgn") != Self.nothing)
            Session.resetSignals()
            for name in ["SigIgn", "SigBlk"] {
                let set = try Self.status(name)
                #expect(set == Self.nothing, "\(name)")
            }
        }
    }
}

@Suite struct `Looking for a program` {
    @Test func `uses its path as it is, and PATH for a name`() {
        let environment = ["PATH": "/a::/b/c"]
        #expect(Replacement(words: [], environment: environment).candidates("x") == ["/a/x", "/b/c/x"])
        #expect(Replacement(words: [], environment: environment).candidates("./x") == ["./x"])
        #expect(Replacement(words: [], environment: [:]).candidates("x") == ["/usr/bin/x", "/bin/x"])
    }
}

@Suite struct `A program of the developer` {
    let stage: SandboxStage
    init() throws { stage = try SandboxStage() }

    @Test func `has its user, its groups, its directory and its rights`() throws {
        let script =
            "id -u; id -g; id -G; pwd; umask; grep NoNewPrivs /proc/self/status; grep CapBnd /proc/self/status; cat ~/.ssh/*"
        let outcome = try SandboxRun.run(stage.plain(["/bin/sh", "-c", script], as: stage.developer, groups: [64_310]))
        let lines = outcome.output.split(separator: "\n").map(String.init)
        let id = "\(stage.developer)"
        #expect(lines.prefix(6) == [id, id, "\(id) 64310", stage.project, "0022", "NoNewPrivs:\t0"])
        #expect(lines[6] != "CapBnd:\t0000000000000000")
        #expect(lines[7] == SandboxStage.canary)
        #expect(outcome.opened && outcome.exit == .exited(0))
    }

    @Test func `gets exactly its variables and three descriptors`() throws {
        let leaked = unsafe open("/etc/hostname", O_RDONLY)
        defer { close(leaked) }
        let outcome = try SandboxRun.run(stage.plain(["/usr/bin/env"], as: stage.developer))
        #expect(
            Set(outcome.output.split(separator: "\n")) == ["PATH=/usr/bin:/bin", "HOME=\(stage.home)", "LANG=C.UTF-8"]
        )
        let descriptors = try SandboxRun.run(stage.plain(["ls", "/proc/self/fd"], as: stage.developer))
        #expect(descriptors.output == "0\n1\n2\n3\n", "3 is the listing's own")
    }

    @Test func `starts at home, or at the top, when its directory is gone`() throws {
        try FileManager.default.removeItem(atPath: stage.project)
        #expect(try SandboxRun.run(stage.plain(["pwd"], as: stage.developer)).output == "\(stage.home)\n")
        stage.mode(stage.home, 0o000)
        #expect(try SandboxRun.run(stage.plain(["pwd"], as: stage.developer)).output == "/\n")
    }

    @Test func `owns its terminal`() throws {
        let outcome = try SandboxRun.run(
            stage.plain(script: "tty; : > /dev/tty && echo own", as: 64_302, terminal: true)
        )
        #expect(outcome.output.contains("/dev/pts/"))
        #expect(outcome.output.contains("own"))
    }

    @Test func `is refused with a reason when it cannot be run`() throws {
        func refusal(_ word: String) throws -> String? {
            let outcome = try SandboxRun.run(stage.plain([word], as: stage.developer))
            #expect(outcome.exit == .exited(1))
            return outcome.refusal?.message
        }
        #expect(try refusal("no-such-program") == "there is no program “no-such-program” in this VM")
        #expect(try refusal("/etc") == "“/etc” may not be run")
        // By a process of its own: what ours writes, a program that another test starts meanwhile has open for writing.
        let file = "\(stage.project)/data"
        try Process.run(URL(filePath: "/bin/sh"), arguments: ["-c", #"printf '\0\1\2' >"$0""#, file]).waitUntilExit()
        stage.mode("\(stage.project)/data", 0o755)
        #expect(try refusal("./data")?.contains("cannot be run on this machine") == true)
    }

    @Test func `is never root`() throws {
        #expect(
            try SandboxRun.run(stage.plain(["id"], as: 0)).refusal?.message == "no program of a session runs as uid 0"
        )
    }
}
