import DVMProtocol
import DVMTransfer
import TestSupport
import Testing

@testable import dvm_host

/// A VM that is a shell script: it answers the words dvm has for a VM out of files.
private final class ScriptedVM {
    let fixture: HostFixture
    private(set) var asked: [[String]] = []
    private(set) var notes: [String] = []
    private(set) var remarks: [String] = []
    let app: MachineName

    static let link = ["/usr/local/libexec/dvm/dvm-guest", "link"]

    init() throws {
        fixture = try HostFixture()
        app = try MachineName("app")
    }

    private static let script = """
        root=$0
        case "$*" in
          "/usr/local/libexec/dvm/dvm-guest link")
            [ -e "$root/said" ] || { echo "sudo: dvm-guest: command not found" >&2; exit 1; }
            cat "$root/said"; [ -e "$root/leaves" ] || cat >/dev/null ;;
          "/bin/true") cat "$root/true-says" >&2; exit "$(cat "$root/true-status")" ;;
          "sudo -n /bin/true") cat "$root/sudo-says" >&2; exit "$(cat "$root/sudo-status")" ;;
          "sudo -n /bin/sh -c "*" dvm-install "*)
            sleep "$(cat "$root/install-takes" 2>/dev/null || echo 0)"
            cat >"$root/arrived"; [ ! -e "$root/after" ] || mv "$root/after" "$root/said"
            cat "$root/install-says" >&2; exit "$(cat "$root/install-status")" ;;
          *) exit 99 ;;
        esac
        """

    /// What one of the words answers.
    func answers(_ word: String, _ status: Int, _ complaint: String = "") throws {
        try fixture.write("\(word)-status", "\(status)")
        try fixture.write("\(word)-says", complaint)
    }

    /// What `serve` says at once, before anything is asked; `after` an installation, with that name.
    func says(_ frames: [Frame], in name: String = "said", greeting: [UInt8] = GreetingScanner.line) throws {
        let file = try FileDescriptor.open(
            FilePath("\(fixture.root)/\(name)"),
            .writeOnly,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        try file.writeAll(greeting + frames.flatMap(\.bytes))
        try file.close()
    }

    static func welcome(
        build: String = "ab01ff10",
        _ oldest: UInt16 = 1,
        _ newest: UInt16 = 1,
        step: Double? = nil
    ) throws -> Frame {
        let welcome = Welcome(
            versions: .init(oldest: .init(rawValue: oldest), newest: .init(rawValue: newest)),
            build: build,
            facts: .init(distribution: "debian", release: "12", architecture: "x86_64", kernel: "6.1"),
            clockStep: step
        )
        return try Frame(.welcome, channel: 0, json: welcome)
    }

    /// Puts a copy of the guest program beside the dvm of this test.
    func installCopy() throws {
        try fixture.write("share/dvm/guest/x86_64/dvm-guest", "")
        let path = FilePath("\(fixture.root)/share/dvm/guest/x86_64/dvm-guest")
        let file = try FileDescriptor.open(path, .writeOnly)
        // Longer than any pipe holds.
        try file.writeAll(TinyELF().bytes + [UInt8](repeating: 0x5A, count: 300_000))
        try file.close()
    }

    var route: GuestConnection.Route {
        .init(
            shell: { words in
                self.asked.append(words)
                return GuestCommand(
                    executable: "/bin/sh",
                    arguments: ["-c", Self.script, self.fixture.root] + words,
                    environment: ["PATH": "/usr/bin:/bin"]
                )
            },
            executable: FilePath("\(fixture.root)/bin/dvm"),
            note: { self.notes.append($0) },
            remark: { self.remarks.append($0) }
        )
    }

    func open() throws -> GuestConnection { try GuestConnection.open(app, route, architecture: "x86_64") }

    func refusal(_ body: () throws -> Void) throws -> Refusal {
        do {
            try body()
        } catch let refusal as Refusal {
            return refusal
        }
        throw MissingPrerequisite("nothing was refused")
    }
}

@Suite struct `Reaching the guest program` {
    private let vm: ScriptedVM

    init() throws {
        vm = try ScriptedVM()
        for word in ["true", "sudo", "install"] { try vm.answers(word, 0) }
    }

    private func refusal() throws -> Refusal { try vm.refusal { _ = try vm.open() } }

    @Test func `takes one of the same build as it is`() throws {
        try vm.installCopy()
        try vm.says([ScriptedVM.welcome()])

        #expect(try vm.open().welcome.facts.kernel == "6.1")
        #expect(vm.asked == [ScriptedVM.link])
        #expect(vm.notes == [])
    }

    @Test func `takes any of our protocol where there is no copy to compare`() throws {
        try vm.says([ScriptedVM.welcome(build: "00", 1, 9)])
        #expect(try vm.open().welcome.build == "00")
        #expect(vm.asked == [ScriptedVM.link])
    }

    @Test func `tells that the clock was set`() throws {
        try vm.says([ScriptedVM.welcome(step: 3600.7)])
        _ = try vm.open()
        #expect(vm.notes == ["the clock of app was behind by 3600 s and has been set"])
    }

    // MARK: Installing

    /// What is asked of a VM when a copy is installed: constants, a size and a checksum.
    private func installing() throws -> [[String]] {
        let path = FilePath("\(vm.fixture.root)/share/dvm/guest/x86_64/dvm-guest")
        let script =
            "set -eu; umask 022; mkdir -p /usr/local/libexec/dvm; "
            + "new=$(mktemp /usr/local/libexec/dvm/.dvm-guest.XXXXXX); trap 'rm -f \"$new\"' EXIT; "
            + "head -c \"$1\" > \"$new\"; echo \"$2  $new\" | sha256sum -c --status; chmod 0755 \"$new\"; "
            + "mv -f \"$new\" /usr/local/libexec/dvm/dvm-guest; trap - EXIT"
        return [
            ScriptedVM.link, ["/bin/true"], ["sudo", "-n", "/bin/true"],
            [
                "sudo", "-n", "/bin/sh", "-c", script, "dvm-install", "\(TinyELF().bytes.count + 300_000)",
                try Checksum.sha256(of: path),
            ],
        ]
    }

    @Test func `replaces one of another build by our copy, whole`() throws {
        try vm.installCopy()
        try vm.says([ScriptedVM.welcome(build: "00")])
        try vm.says([ScriptedVM.welcome()], in: "after")

        #expect(try vm.open().welcome.build == "ab01ff10")
        #expect(try vm.asked == installing() + [ScriptedVM.link])
        #expect(vm.notes == ["updating the guest program"])
        #expect(vm.fixture.read("arrived") == vm.fixture.read("share/dvm/guest/x86_64/dvm-guest"))
    }

    @Test(arguments: [true, false])
    func `has time of its own for that`(isToldOf: Bool) throws {
        try vm.installCopy()
        try vm.says([ScriptedVM.welcome(build: "00")])
        try vm.says([ScriptedVM.welcome()], in: "after")
        try vm.fixture.write("install-takes", "5")
        let limit = try TimeLimit(.seconds(3))
        var route = vm.route
        route.stop = limit.reader
        if isToldOf { route.replacing = { limit.start($0 ? .seconds(60) : .seconds(20)) } }
        func open() throws { _ = try GuestConnection.open(vm.app, route, architecture: "x86_64") }
        guard isToldOf else {
            #expect(throws: CancellationError.self) { try open() }
            return
        }
        try open()
        #expect(limit.time == .seconds(20))
    }

    @Test func `replaces one of another protocol too`() throws {
        try vm.installCopy()
        try vm.says([ScriptedVM.welcome(build: "00", 7, 9)])
        try vm.says([ScriptedVM.welcome()], in: "after")

        #expect(try vm.open().welcome.build == "ab01ff10")
        #expect(vm.notes == ["updating the guest program"])
    }

    @Test func `installs our copy where there is none`() throws {
        try vm.installCopy()
        try vm.says([ScriptedVM.welcome()], in: "after")

        _ = try vm.open()
        #expect(try vm.asked == installing() + [ScriptedVM.link])
        #expect(vm.notes == ["installing the guest program"])
        #expect(vm.remarks.contains { $0.contains("command not found") })
    }

    @Test func `never asks a VM with what somebody else wrote`() throws {
        try vm.installCopy()
        try vm.says([ScriptedVM.welcome(build: "$(touch /tmp/x)'; rm -rf /; '", 1, 1)])
        try vm.says([ScriptedVM.welcome()], in: "after")

        _ = try vm.open()
        #expect(try vm.asked == installing() + [ScriptedVM.link])
    }

    // MARK: Refusals

    @Test func `refuses another protocol with the remedy`() throws {
        try vm.says([ScriptedVM.welcome(build: "00", 7, 9)])
        #expect(
            try refusal()
                == Refusal(
                    "this dvm speaks protocol 1, the guest program in the VM speaks 7–9",
                    hint: "run `dvm sync` with one installation of dvm to put its own guest program into the VM"
                )
        )
    }

    @Test func `refuses another protocol of what should be our own build`() throws {
        try vm.installCopy()
        try vm.says([ScriptedVM.welcome(7, 9)])
        #expect(try refusal().message.contains("speaks 7–9"))
    }

    @Test func `needs a copy where there is nothing`() throws {
        let refusal = try refusal()
        #expect(refusal.message.hasPrefix("there is no guest program for x86_64 at "))
        #expect(refusal.hint?.contains("make install") == true)
        #expect(vm.asked == [ScriptedVM.link])
    }

    @Test func `tells a VM that does not answer from one that refuses sudo`() throws {
        try vm.installCopy()
        try vm.answers("sudo", 1, "sudo: a password is required\n")
        let sudo = try refusal()
        #expect(sudo.message == "sudo is refused to dvm's own account in the VM: sudo: a password is required")
        #expect(sudo.hint?.contains("passwordless rule") == true)

        try vm.answers("true", 255, "noise\nssh: connect to host 127.0.0.1 port 60022: Connection refused\n")
        let silent = try refusal()
        #expect(
            silent.message == "the VM does not answer (status 255): "
                + "ssh: connect to host 127.0.0.1 port 60022: Connection refused"
        )
        #expect(vm.fixture.read("arrived") == nil)
    }

    @Test func `tells why a copy could not be put there`() throws {
        try vm.installCopy()
        try vm.answers("install", 1, "head: write error: No space left on device\n")
        let refusal = try refusal()
        #expect(
            refusal.message == "the guest program could not be put into the VM (status 1): "
                + "head: write error: No space left on device"
        )
        #expect(refusal.hint?.contains("disk full") == true)
    }

    @Test func `does not install for ever`() throws {
        try vm.installCopy()
        try vm.says([ScriptedVM.welcome(build: "00")])
        #expect(try refusal().message == "the guest program in app is still of another build after it was replaced")
        #expect(vm.asked.count == 5)

        try vm.fixture.remove("said")
        let refusal = try refusal()
        #expect(
            refusal.message
                == "the guest program does not start in app (status 1): sudo: dvm-guest: command not found"
        )
    }

    // MARK: Strangers

    @Test func `does not go on with what breaks the rules`() throws {
        for frames in try [
            [Frame(.opened, channel: 1)],
            [Frame(.welcome, channel: 0, payload: Array("{}".utf8))],
            [Frame(.welcome, channel: 0, payload: [0xFF])],
            [Frame(.welcome, channel: 1, payload: ScriptedVM.welcome().payload)],
            [ScriptedVM.welcome(), ScriptedVM.welcome()],
            [ScriptedVM.welcome(), Frame(.opened, channel: 1)],
        ] {
            try vm.says(frames)
            let refusal = try refusal()
            #expect(refusal.message.hasPrefix("the guest program in app broke dvm's protocol: "))
            #expect(refusal.hint != nil)
        }
        #expect(vm.asked.allSatisfy { $0 == ScriptedVM.link })
    }

    @Test func `does not go on with what is no guest program`() throws {
        for (said, reason) in [
            ([UInt8](repeating: 0x2E, count: 70_000), "more than 64 KiB before the guest's greeting"),
            (GreetingScanner.line + [UInt8](repeating: 0xFF, count: 100), "unexpectedKind(255)"),
        ] {
            try vm.says([], greeting: said)
            let refusal = try refusal()
            #expect(refusal.message == "what answers in app is not dvm's guest program: \(reason)")
            #expect(refusal.hint != nil)
        }
    }

    @Test func `tells what a guest said before it left without a welcome`() throws {
        try vm.says([])
        try vm.fixture.write("leaves", "")
        let refusal = try refusal()
        #expect(refusal.message.hasPrefix("the link to app was lost"))
        #expect(refusal.hint != nil)
    }
}

@Suite struct `A task in a VM that is a stranger` {
    private let vm: ScriptedVM

    init() throws {
        vm = try ScriptedVM()
        try vm.says([ScriptedVM.welcome()])
    }

    /// What a task comes to when the guest says these frames after the welcome.
    private func outcome(_ frames: [Frame], leaves: Bool = false) throws -> Result<WorkReport, Refusal> {
        try? vm.fixture.remove("welcomed")
        try vm.says(frames, in: "answer", greeting: [])
        let connection = try vm.connection(leaves: leaves)
        do {
            return .success(try connection.perform(.work, as: WorkReport.self))
        } catch let refusal as Refusal {
            return .failure(refusal)
        }
    }

    private func message(_ frames: [Frame], leaves: Bool = false) throws -> String? {
        guard case .failure(let refusal) = try outcome(frames, leaves: leaves) else { return nil }
        return refusal.message
    }

    private let opened = Frame(.opened, channel: 1)

    @Test func `has a result`() throws {
        let nothing = WorkReport(codeDirectory: "/x")
        let frames = try [
            opened, Frame(.progress, channel: 1, json: Progress(step: "looking")),
            Frame(.output, channel: 1, payload: [0x61]), Frame(.result, channel: 1, json: nothing),
        ]
        #expect(try outcome(frames) == .success(nothing))
    }

    @Test func `is refused in the guest's words, which are marked as its own`() throws {
        let refusal = Refusal("cannot be listed", hint: "look")
        let marked = Refusal("app says: cannot be listed", hint: "app says: look")
        #expect(try outcome([Frame(.refused, channel: 1, json: refusal)]) == .failure(marked))
        #expect(try outcome([opened, Frame(.refused, channel: 1, json: refusal)]) == .failure(marked))
    }

    @Test func `is told apart from one that was lost`() throws {
        #expect(
            try message([opened], leaves: true)
                == "the link to app was lost: what it was doing was stopped in the middle"
        )
    }

    @Test func `is not waited for without a word`() throws {
        try vm.says([opened], in: "answer", greeting: [])
        var notes: [String] = []
        let connection = try vm.connection(script: "cat \"$0/answer\"; cat >/dev/null", patience: .seconds(1)) {
            notes.append($0)
        }
        let silence = {
            try connection.perform(.work, as: WorkReport.self, within: .milliseconds(1500), maySayNothing: $0)
        }
        #expect(throws: CancellationError.self) { try silence(true) }
        #expect(notes == [])
        #expect(throws: CancellationError.self) { try silence(false) }
        #expect(notes.first?.hasPrefix("app has said nothing for ") == true, "\(notes)")
        #expect(notes.first?.contains("Ctrl-C ends this; `dvm ssh app true` in another terminal") == true)
    }

    @Test func `is not waited for without a word in a copy either, but for what a person has to give`() throws {
        let (reader, writer) = try FileDescriptor.pipe()
        defer { try? writer.close() }
        let stream = OpenFile(owning: reader.rawValue)
        let request = CopyRequest(
            .receive(RawPath("x"), several: false),
            recursive: false,
            dryRun: false,
            asAgent: false,
            mostBytes: 1
        )
        for isTyped in [true, false] {
            try? vm.fixture.remove("welcomed")
            var notes: [String] = []
            let connection = try vm.connection(script: "sleep 2", patience: .seconds(1)) { notes.append($0) }
            #expect(throws: Refusal.self) {
                try connection.copy(request) { session in
                    if isTyped { try session.wait(toRead: stream) } else { _ = try session.read() }
                    return CopyReport()
                }
            }
            #expect(notes.isEmpty == isTyped, "\(notes)")
        }
    }

    @Test func `does not accept what is against the rules`() throws {
        let result = try Frame(.result, channel: 1, json: WorkReport(codeDirectory: "/x"))
        for frames in try [
            [opened, Frame(.exit, channel: 1, json: Exit.exited(0))],
            [opened, Frame(.result, channel: 1, payload: Array("{}".utf8))],
            [opened, opened, result],
            [Frame(.output, channel: 1, payload: [1]), result],
            [opened, Frame(.inputCredit, channel: 1, payload: [1, 0, 0, 0, 1]), result],
            [opened, Frame(.inputCredit, channel: 1, payload: [0, 0xFF, 0xFF, 0xFF, 0xFF]), result],
            [opened, Frame(.inputCredit, channel: 1, payload: []), result],
            // On channels that nobody opened.
            [opened, Frame(.output, channel: 2, payload: [1]), result],
            [opened, ScriptedVM.welcome(), result],
        ] {
            #expect(try message(frames)?.hasPrefix("the guest program in app broke dvm's protocol: ") == true)
        }
    }
}

@Suite struct `A program in a VM that is a stranger` {
    /// A VM that says things in turn and never reads; its question to us is answered by what `dvm` does with its streams.
    private static func run(_ turns: [[Frame]]) throws -> Result<ProgramSession.Outcome, Refusal> {
        let vm = try ScriptedVM()
        try vm.says([ScriptedVM.welcome()])
        for (number, frames) in turns.enumerated() { try vm.says(frames, in: "turn-\(number)", greeting: []) }
        let connection = try vm.connection(
            script: "for turn in \"$0\"/turn-*; do cat \"$turn\"; sleep 0.3; done; sleep 60"
        )
        do {
            return .success(try connection.run(Program(.words(["cat"])), isRaw: false))
        } catch let refusal as Refusal {
            return .failure(refusal)
        }
    }

    @Test func `is not read for without bound, whatever credit it gives`() async {
        await #expect(processExitsWith: .success) {
            // A file without blocks, as large as any archive.
            let file = try FileDescriptor.open(
                FilePath("/tmp/dvm-test-input-\(getpid())"),
                .readWrite,
                options: [.create, .exclusiveCreate],
                permissions: .ownerReadWrite
            )
            _ = unsafe unlink("/tmp/dvm-test-input-\(getpid())")
            try file.resize(to: 1 << 30)
            #expect(dup2(file.rawValue, 0) == 0)

            let credit = Frame(.inputCredit, channel: 1, payload: Credit(.input, bytes: 15 << 20).payload)
            let ending = try `A program in a VM that is a stranger`.run([
                [Frame(.opened, channel: 1), credit], [Frame(.exit, channel: 1, json: Exit.exited(0))],
            ])
            #expect(ending == .success(.ended(.exited(0))))
            #expect(try file.seek(offset: 0, from: .current) < 1 << 20)
        }
    }

    /// How a session ends that is looked at.
    enum Ending: String, CaseIterable, Codable, Sendable { case killed, cut, cutAtOnce, left }

    @Test(arguments: Ending.allCases)
    func `leaves its terminal without the other screen and the mouse`(ending: Ending) async throws {
        await #expect(processExitsWith: .success) { [ending = ending as Ending] in
            var outside: Int32 = -1
            var inside: Int32 = -1
            try #require(unsafe openpty(&outside, &inside, nil, nil, nil) == 0)
            // What is typed is not to be seen here, nor is it a signal before it is read.
            var mode = termios()
            try #require(unsafe tcgetattr(inside, &mode) == 0)
            mode.c_lflag &= ~tcflag_t(ECHO | ISIG)
            try #require(unsafe tcsetattr(inside, TCSANOW, &mode) == 0)
            // Not on standard input, which another terminal is for.
            #expect(dup2(inside, 1) == 1)

            let session = try SessionID("20260102-030405-0a0b")
            let said = Frame(.output, channel: 1, payload: Array("\u{1B}[?1049;1000hvi".utf8))
            let end = try Frame(.exit, channel: 1, json: Exit.signaled(9))
            let credit = Frame(.inputCredit, channel: 1, payload: Credit(.input, bytes: 1000).payload)
            let vm = try ScriptedVM()
            try vm.says([ScriptedVM.welcome()])
            let opened = try Frame(.opened, channel: 1, json: Opened(session: session))
            try vm.says([opened, said], in: "turn-0", greeting: [])
            try vm.says(ending == .killed ? [end] : ending == .left ? [credit] : [], in: "turn-1", greeting: [])
            let pause = ending == .cutAtOnce ? "" : "sleep 0.3"
            let rest = ending == .killed || ending == .left ? "sleep 60" : ""
            let connection = try vm.connection(
                script: "for turn in \"$0\"/turn-*; do cat \"$turn\"; \(pause)\ndone; \(rest)"
            )
            let program = Program(
                .words(["vi"]),
                terminal: .init(name: "xterm", size: TerminalSize(columns: 80, rows: 24)),
                outputWindow: Credit.terminalWindow
            )
            #expect(dup2(inside, 0) == 0)
            // The mouse is moved, which nobody reads: it has no credit. To leave is typed in the end.
            let typed = ending == .left ? "\u{1C}" : "\u{1B}[M !!\n"
            #expect(unsafe write(outside, typed, typed.utf8.count) == typed.utf8.count)
            let outcome = Result {
                ending == .left
                    ? try connection.attach(Attachment(session: session, size: program.terminal?.size), isRaw: false)
                    : try connection.run(program, isRaw: false)
            }
            let expected: [Ending: ProgramSession.Outcome] = [.killed: .ended(.signaled(9)), .left: .left(session)]
            #expect((try? outcome.get()) == expected[ending])
            #expect(fcntl(inside, F_SETFL, O_NONBLOCK) == 0)
            var byte: UInt8 = 0
            #expect(unsafe read(inside, &byte, 1) == -1, "something is left for the shell to read")
            // The kernel hands on in its own time what was written at the other end.
            usleep(200_000)
            var shown = [UInt8](repeating: 0, count: 1000)
            let count = unsafe read(outside, &shown, 1000)
            #expect(
                String(decoding: shown.prefix(max(0, count)), as: UTF8.self)
                    == "\u{1B}[?1049;1000hvi\u{1B}\\\u{1B}[?1000l\u{1B}[?1049l\u{F}\u{1B}(B\u{1B}[0m"
            )
        }
    }

    @Test func `is left to itself without a word of what it says`() async {
        await #expect(processExitsWith: .success) {
            let (reader, writer) = try FileDescriptor.pipe()
            #expect(dup2(writer.rawValue, 1) == 1)
            let session = try SessionID("20260102-030405-0a0b")
            let vm = try ScriptedVM()
            try vm.says([ScriptedVM.welcome()])
            // It was quick: both come at once.
            let opened = try Frame(.opened, channel: 1, json: Opened(session: session))
            try vm.says([opened, Frame(.output, channel: 1, payload: [0x61])], in: "answer", greeting: [])
            let outcome = try vm.connection(leaves: false).run(Program(.words(["x"]), detached: true), isRaw: false)
            #expect(outcome == .left(session))
            var ready = Readiness()
            ready.read(reader)
            try ready.wait(milliseconds: 200)
            let isReadable = ready.canRead(reader)
            #expect(!isReadable)
        }
    }

    @Test func `does not control a terminal it was not given`() async {
        await #expect(processExitsWith: .success) {
            var outside: Int32 = -1
            var inside: Int32 = -1
            try #require(unsafe openpty(&outside, &inside, nil, nil, nil) == 0)
            #expect(dup2(inside, 2) == 2)

            let said = Frame(.errors, channel: 1, payload: Array("\u{1B}]0;title\u{07}over\n".utf8))
            let ending = try `A program in a VM that is a stranger`.run([
                [Frame(.opened, channel: 1), said, Frame(.exit, channel: 1, json: Exit.exited(3))]
            ])
            #expect(ending == .success(.ended(.exited(3))))
            var shown = [UInt8](repeating: 0, count: 100)
            let count = unsafe read(outside, &shown, 100)
            #expect(String(decoding: shown.prefix(count), as: UTF8.self) == "?]0;title?over\r\n")
        }
    }
}

extension ScriptedVM {
    /// A connection to a guest that answers the first question with the file `answer`.
    fileprivate func connection(leaves: Bool) throws -> GuestConnection {
        try connection(script: "cat \"$0/answer\"; \(leaves ? ":" : "cat >/dev/null")")
    }

    /// A connection to a guest that goes on with a script when it was asked something.
    fileprivate func connection(
        script rest: String,
        patience: Duration = .seconds(30),
        note: @escaping (String) -> Void = { _ in }
    ) throws -> GuestConnection {
        let script = "cat \"$0/said\"; while [ ! -e \"$0/welcomed\" ]; do sleep 0.01; done; \(rest)"
        var route = GuestConnection.Route(
            shell: { _ in
                GuestCommand(
                    executable: "/bin/sh",
                    arguments: ["-c", script, self.fixture.root],
                    environment: ["PATH": "/usr/bin:/bin"]
                )
            },
            executable: "/nonexistent",
            note: note,
            remark: { _ in }
        )
        route.patience = patience
        let connection = try GuestConnection.contact(app, route)
        try fixture.write("welcomed", "")
        return connection
    }
}
