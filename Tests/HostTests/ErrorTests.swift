import ArgumentParser
import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `An error` {
    @Test(arguments: [
        (Refusal("no", hint: "try again"), "dvm: error: no\nhint: try again\n"),
        (Refusal("no"), "dvm: error: no\n"),
        (Refusal("a\ndvm: error: b", hint: "c\nd"), "dvm: error: a\n  dvm: error: b\nhint: c\n  d\n"),
        (Refusal("\u{1B}]0;x\u{7}\r\u{9B}2J\u{202E}"), "dvm: error: \\u{1b}]0;x\\u{7}\\u{d}\\u{9b}2J\\u{202e}\n"),
    ])
    func `is a message and a hint, nothing quoted passing for another`(refusal: Refusal, text: String) {
        #expect(ErrorText.of(refusal) == text)
        #expect(ErrorText.of(UsageRefusal(refusal: refusal)) == text)
    }

    @Test func `is not shown where everything has been said`() {
        #expect(ErrorText.of(ProgramEnded(exit: .exited(3))) == nil)
        #expect(ErrorText.of(Failed()) == nil)
    }

    @Test(
        arguments: [
            (Refusal("no"), 1), (UsageRefusal(refusal: Refusal("no")), 64), (Failed(), 1),
            (ProgramEnded(exit: .exited(0)), 0), (ProgramEnded(exit: .exited(3)), 3),
            (ProgramEnded(exit: .exited(255)), 255),
            (ProgramEnded(exit: .signaled(9)), 137), (ProgramEnded(exit: .signaled(2)), 130),
            (CancellationError(), 130), (Interrupted(signal: 2), 130), (Interrupted(signal: 15), 143),
            (Errno.noSpace, 1), (ValidationError("no"), 64),
        ] as [(any Error, Int32)]
    )
    func `decides the exit status`(error: any Error, status: Int32) {
        #expect(ExitStatus.of(error) == status)
    }

    @Test(
        arguments: [
            (["snyc", "app"], 64, "dvm: error: there is no command “snyc”\nhint: did you mean `dvm sync`?\n"),
            (["sync", "--verbos", "app"], 64, "dvm: error: Unknown option '--verbos'. Did you mean '--verbose'?"),
            (["sh"], 64, "dvm: error: Missing expected argument '<vm>'"),
            (["sh", "x\u{1B}[2J", "y\u{1B}[2J"], 64, "dvm: error: Unexpected argument 'y\\u{1b}[2J'"),
            (["--help"], 0, "OVERVIEW: Keep your projects off the laptop"),
            (["ai", "--help"], 0, "OVERVIEW: Run an AI tool in its sandbox"),
            (["--version"], 0, "\(Release.version)\n"),
        ] as [([String], Int32, String)]
    )
    func `about the command line is a usage error with help`(words: [String], status: Int32, start: String) async {
        let error = refusal(of: words)
        #expect(error.map(ExitStatus.of) == status)
        #expect(error.flatMap(ErrorText.of)?.hasPrefix(start) == true)
    }

    @Test(
        arguments: [
            (["cp", "-dash", "app:"], true), (["cp", "-rh"], true), (["cp", "-h", "-dash"], false), (["-help"], false),
            (["cp", "-dash", "--help"], false), (["ssh", "app", "--", "ls", "-lah"], false), (["cp", "--show"], false),
            (["help", "cp"], false), (["snapshot"], false),
        ] as [([String], Bool)]
    )
    func `takes no name with a dash for a wish for help`(words: [String], isRefused: Bool) {
        #expect((Host.helpCluster(words) != nil) == isRefused)
    }

    /// What a command line that runs no command of ours ends with.
    private func refusal(of words: [String]) -> (any Error)? {
        do {
            try Host.checkCommand(words)
            var command = try Host.parseAsRoot(words)
            // Help is a command too, which prints by throwing.
            if !(command is any AsyncParsableCommand) { try command.run() }
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        "init", "sync", "sh", "ssh", "ai", "ls", "stop", "rm", "work", "ssh-key", "gpg-key", "doctor", "selftest",
        "version",
    ])
    func `is hardly needed with the examples in every command's help`(command: String) {
        let help = refusal(of: [command, "--help"]).flatMap(ErrorText.of)
        #expect(help?.contains("Examples:\n  dvm \(command)") == true)
    }
}

@Suite struct `The lock of a VM` {
    @Test func `is held by one, and the next says whom it waits for`() async throws {
        let fixture = try HostFixture()
        let app = try MachineName("app")
        let directory = FilePath("\(fixture.root)/cache")
        let first = try await Lock.take(app, in: directory, for: "sync") { Issue.record("waited: \($0)") }
        let (notes, sink) = AsyncStream.makeStream(of: String.self)

        let second = Task {
            let lock = try await Lock.take(app, in: directory, for: "rm") { sink.yield($0) }
            withExtendedLifetime(lock) {}
        }
        var note = notes.makeAsyncIterator()
        #expect(
            await note.next()
                == "waiting for dvm sync app (process \(getpid())), which is working on app; Ctrl-C to give up"
        )
        // Another VM's lock is another lock.
        _ = try await Lock.take(try MachineName("web"), in: directory, for: "sync") { _ in Issue.record("waited") }

        withExtendedLifetime(first) {}
        _ = consume first
        try await second.value
        sink.finish()
        #expect(await note.next() == nil)
        #expect(try fixture.mode("cache/app.lock") == 0o600)
    }

    @Test func `is one lock also when its file was removed while somebody waited`() async throws {
        let fixture = try HostFixture()
        let app = try MachineName("app")
        let directory = FilePath("\(fixture.root)/cache")
        let first = try await Lock.take(app, in: directory, for: "rm") { _ in }
        let (notes, sink) = AsyncStream.makeStream(of: String.self)
        let second = Task { try await Lock.take(app, in: directory, for: "sync") { sink.yield($0) } }
        var note = notes.makeAsyncIterator()
        #expect(await note.next()?.contains("dvm rm app") == true)
        first.remove()
        withExtendedLifetime(first) {}
        _ = consume first

        let held = try await second.value
        #expect(fixture.exists("cache/app.lock"))
        let third = Task { _ = try await Lock.take(app, in: directory, for: "stop") { sink.yield($0) } }
        #expect(await note.next()?.contains("dvm sync app") == true)
        third.cancel()
        await #expect(throws: CancellationError.self) { try await third.value }
        withExtendedLifetime(held) {}
    }

    @Test func `can be given up waiting for`() async throws {
        let fixture = try HostFixture()
        let app = try MachineName("app")
        let directory = FilePath("\(fixture.root)/cache")
        let first = try await Lock.take(app, in: directory, for: "sync") { _ in }
        let second = Task { _ = try await Lock.take(app, in: directory, for: "sync") { _ in } }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        withExtendedLifetime(first) {}
    }

    @Test func `is that of the file which has its name`() async throws {
        let fixture = try HostFixture()
        let app = try MachineName("app")
        let directory = FilePath("\(fixture.root)/cache")
        let first = try await Lock.take(app, in: directory, for: "uninstall") { _ in }
        let (notes, sink) = AsyncStream.makeStream(of: String.self)
        let second = Task {
            let lock = try await Lock.take(app, in: directory, for: "rm") { sink.yield($0) }
            sink.yield("taken")
            withExtendedLifetime(lock) {}
        }
        var note = notes.makeAsyncIterator()
        #expect(await note.next()?.hasPrefix("waiting for dvm uninstall app") == true)
        // As uninstalling does; then somebody begins anew, and whoever waited must not have a lock of another file.
        try fixture.remove("cache")
        let third = try await Lock.take(app, in: directory, for: "sync") { Issue.record("waited: \($0)") }
        withExtendedLifetime(first) {}
        _ = consume first
        try await Task.sleep(for: .milliseconds(300))
        sink.yield("not yet")
        #expect(await note.next() == "not yet")
        let refusal = #expect(throws: Refusal.self) { _ = try Lock.takeNow(app, in: directory, for: "uninstall") }
        #expect(refusal?.message == "dvm sync app (process \(getpid())) is working on app")
        withExtendedLifetime(third) {}
        _ = consume third
        #expect(await note.next() == "taken")
        try await second.value
    }

    @Test func `does not trust what is written in it`() async throws {
        let fixture = try HostFixture()
        let app = try MachineName("app")
        let directory = FilePath("\(fixture.root)/cache")
        let first = try await Lock.take(app, in: directory, for: "sync") { _ in }
        try fixture.write("cache/app.lock", "12 \u{1B}[2Jevil\n")
        let (notes, sink) = AsyncStream.makeStream(of: String.self)
        let second = Task { _ = try await Lock.take(app, in: directory, for: "sync") { sink.yield($0) } }
        var note = notes.makeAsyncIterator()
        #expect(await note.next()?.hasPrefix("waiting for \\u{1b}[2Jevil (process 12)") == true)
        second.cancel()
        withExtendedLifetime(first) {}
    }
}

@Suite struct `A log` {
    @Test func `is its owner's alone and starts anew when it is large`() throws {
        let fixture = try HostFixture()
        let directory = FilePath("\(fixture.root)/state/app")
        try Log.open("lima", in: directory).append([UInt8](repeating: 10, count: Log.large + 1))
        let log = try Log.open("lima", in: directory)
        log.note("one")
        #expect(fixture.read("state/app/lima.log") == "one\n")
        #expect(try fixture.mode("state/app/lima.log") == 0o600)
        #expect(try fixture.mode("state/app") == 0o700)
    }

    @Test func `does not grow without bound, whatever a guest has to say`() throws {
        let fixture = try HostFixture()
        let log = try Log.open("sync", in: FilePath(fixture.root))
        let piece = [UInt8](repeating: 10, count: 1 << 20)
        for _ in 0..<40 { log.append(piece) }
        log.note("and more")
        #expect(log.size <= Log.largest)
    }

    @Test func `gives its last lines, those since a position where that is said`() throws {
        let fixture = try HostFixture()
        let log = try Log.open("lima", in: FilePath(fixture.root))
        log.append(Array("1\n2\r\n\n3\n".utf8))
        let position = log.size
        log.append(Array("4\n5".utf8))
        #expect(log.lastLines(3) == ["3", "4", "5"])
        #expect(log.lastLines(30, since: position) == ["4", "5"])
        #expect(log.lastLines(30, since: log.size) == [])
    }

    @Test func `is not written through a link`() throws {
        let fixture = try HostFixture()
        try fixture.write("precious", "precious")
        try fixture.link("lima.log", to: "\(fixture.root)/precious")
        #expect(throws: Refusal.self) { try Log.open("lima", in: FilePath(fixture.root)) }
        #expect(fixture.read("precious") == "precious")
    }
}

@Suite struct `Where files are` {
    @Test func `follows the XDG variables and dvm's own`() throws {
        let paths = try Paths(
            HostEnvironment([
                "HOME": "/h", "XDG_CONFIG_HOME": "/x/c", "XDG_STATE_HOME": "relative", "LIMA_HOME": "/l/../m",
                "XDG_CACHE_HOME": "",
            ])
        )
        #expect(paths.config == FilePath("/x/c/dvm"))
        #expect(paths.state == FilePath("/h/.local/state/dvm"))
        #expect(paths.cache == FilePath("/h/.cache/dvm"))
        #expect(paths.lima == FilePath("/m"))
        #expect(try Paths(HostEnvironment(["HOME": "/h", "DVM_CONFIG_DIR": "/d"])).config == FilePath("/d"))
    }

    @Test(arguments: [
        [:], ["HOME": ""], ["HOME": "h"], ["HOME": "/h", "DVM_CONFIG_DIR": "d"], ["HOME": "/h", "LIMA_HOME": "l"],
    ])
    func `must be absolute`(variables: [String: String]) {
        #expect(throws: Refusal.self) { try Paths(HostEnvironment(variables)) }
    }
}

@Suite struct `A port of this host` {
    @Test func `is free, taken or not ours`() throws {
        let listener = try Listener()
        #expect(LocalPort.look(at: "127.0.0.1", port: listener.port) == .taken)
        #expect(LocalPort.look(at: "0.0.0.0", port: listener.port) == .taken)
        // RFC 5737: an address that is nobody's.
        #expect(LocalPort.look(at: "192.0.2.1", port: listener.port) == .notOurAddress)
        #expect(LocalPort.look(at: "not an address", port: 1) == .unknown)
    }
}
