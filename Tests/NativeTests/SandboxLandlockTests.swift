import CLinux
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `The domain of Landlock` {
    @Test(
        arguments: [
            (-1, false, nil, nil), (0, false, nil, nil), (1, false, nil, nil), (2, false, 8, 0), (5, false, 8, 0),
            (6, false, 24, 3), (9, false, 24, 3), (1, true, nil, nil), (5, true, nil, nil), (6, true, 24, 3),
        ] as [(Int32, Bool, Int?, UInt64?)]
    )
    func `is asked for what the kernel's version can do`(version: Int32, nesting: Bool, size: Int?, scopes: UInt64?) {
        let domain = Landlock(version: version, nesting: nesting)
        #expect(domain?.size == size)
        #expect(domain?.scopes == scopes)
        // A domain that knows of files forbids mounting, which sandboxes within need.
        if nesting { #expect(domain?.handled ?? 0 == 0) }
    }

    @Test func `of an old kernel keeps a process from tracing, and lets it move and link files`() async {
        await #expect(processExitsWith: .exitCode(11)) {
            let directory = ScratchDirectory()
            for name in ["a", "b"] { _ = unsafe mkdir(directory(name), 0o700) }
            _ = unsafe close(creat(directory("a/file"), 0o600))
            exit(
                (try? Self.attempt(enclosed: true, version: 5) {
                    unsafe link(directory("a/file"), directory("b/link")) == 0
                        && rename(directory("a/file"), directory("b/moved")) == 0
                }) ?? 9
            )
        }
    }

    /// What a process may do to what was there before it enclosed itself, on this machine's kernel.
    ///
    /// 0 when all of it works, 10 when none of it does, 11 when only signals and sockets do.
    private static func attempt(
        enclosed: Bool,
        version: Int32 = dvm_landlock_version(),
        and also: () -> Bool = { true }
    ) throws -> Int32 {
        var pid: pid_t = 0
        let words = ArgumentList(["/bin/sleep", "5"])
        guard unsafe posix_spawn(&pid, "/bin/sleep", nil, nil, words.pointer, nil) == 0, pid > 1 else { return 2 }
        defer {
            // Refused from inside the domain: then it ends by itself, and is waited for until then.
            kill(pid, SIGKILL)
        }
        let name = "\0dvm-test-\(getpid())"
        guard let listener = Abstract.socket(), Abstract.bind(listener, name) else { return 3 }
        defer { close(listener) }

        dvm_set_no_new_privileges()
        if enclosed { try Landlock.enclose(version: version, nesting: false) }

        guard let client = Abstract.socket() else { return 4 }
        defer { close(client) }
        let worked = [Abstract.connect(client, name), kill(pid, 0) == 0, dvm_try_trace(pid) == 0]
        guard also() else { return 6 }
        return switch worked {
        case [true, true, true]: 0
        case [false, false, false]: 10
        case [true, true, false]: 11
        default: 5
        }
    }

    @Test func `keeps a process from signals, tracing and abstract sockets outside its domain`() async {
        await #expect(processExitsWith: .exitCode(10)) { exit((try? Self.attempt(enclosed: true)) ?? 9) }
    }

    @Test func `is what keeps it from them`() async {
        await #expect(processExitsWith: .exitCode(0)) { exit((try? Self.attempt(enclosed: false)) ?? 9) }
    }

    @Test func `puts the first process of the sandbox out of a tool's reach`() throws {
        let stage = try SandboxStage()
        let facts = try SandboxRun.facts(stage.agent([View.program, "probe"]))
        #expect(facts.attempts["trace process 1"] == "EPERM")
        let outcome = try SandboxRun.run(
            stage.agent(
                script:
                    "kill -0 1 && echo signalled; sleep 5 & kill $! && echo own; head -c0 /proc/1/environ && echo read"
            )
        )
        #expect(outcome.output.split(separator: "\n").filter { !$0.contains(":") } == ["own"])
    }
}

/// Datagram sockets with names of the abstract kind.
private enum Abstract {
    static func socket() -> Int32? {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        return socket < 0 ? nil : socket
    }

    static func bind(_ socket: Int32, _ name: String) -> Bool {
        unsafe with(name) { unsafe Glibc.bind(socket, $0, $1) == 0 }
    }

    static func connect(_ socket: Int32, _ name: String) -> Bool {
        unsafe with(name) { unsafe Glibc.connect(socket, $0, $1) == 0 }
    }

    private static func with(_ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name.utf8) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + name.utf8.count)
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, size) }
        }
    }
}
