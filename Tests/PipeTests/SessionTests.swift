import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_host

/// Sessions that are watched over, as a host meets them; limits are tried in a real VM, whose kernel keeps them.
@Suite struct `Sessions, over pipes` {
    private static let terminal = Program.Terminal(name: "xterm", size: TerminalSize(columns: 90, rows: 20))

    private func shell(_ script: String, detached: Bool? = nil) -> Program {
        Program(
            .tool(name: "shell", arguments: ["--norc", "-c", script]),
            terminal: detached == true ? Self.terminal : nil,
            outputWindow: detached == true ? Credit.terminalWindow : Credit.pipeWindow,
            detached: detached
        )
    }

    private func list(_ client: GuestClient, ended: Bool = false) throws -> [SessionSummary] {
        let channel = try client.open(.task(.sessions(ended: ended)))
        guard case .result(let bytes) = try client.follow(channel).ending else { throw Refusal("no list") }
        return try JSON.decode([SessionSummary].self, from: bytes)
    }

    /// Starts a session that stays, and leaves it.
    private func start(_ script: String, in vm: PretendVM) throws -> SessionID {
        let client = try GuestClient(vm)
        let channel = try client.open(.program(shell(script, detached: true)))
        _ = try client.follow(channel) { _ in client.session(of: channel) != nil }
        let id = try #require(client.session(of: channel))
        client.leave()
        return id
    }

    private func attach(_ id: SessionID, _ client: GuestClient) throws -> UInt32 {
        try client.open(.attach(Attachment(session: id, size: TerminalSize(columns: 100, rows: 30))))
    }

    @Test func `a session is listed while it runs and recorded when it has ended`() throws {
        let vm = try PretendVM()
        let client = try GuestClient(vm)
        let channel = try client.open(.program(shell("echo ready; read line; exit 4")))
        _ = try client.follow(channel) { $0.text.contains("ready") }
        let running = try list(client)

        #expect(running.map(\.tool) == ["shell"])
        #expect(running.first?.id == client.session(of: channel))
        #expect(running.first?.words == ["/bin/bash", "--norc", "-c", "echo ready; read line; exit 4"])
        #expect(running.first?.asker == .host)
        #expect(running.first?.exit == nil)

        client.type("\n", on: channel)
        #expect(try client.follow(channel).ending == .exit(.exited(4)))
        #expect(try list(client) == [])
        let ended = try list(client, ended: true)
        #expect(ended.map(\.id) == running.map(\.id))
        #expect(ended.first?.exit == .exited(4))
        #expect(ended.first?.ended != nil)
    }

    @Test func `a session that is left goes on, and is taken up with what it showed meanwhile`() throws {
        let vm = try PretendVM()
        let id = try start(
            "echo before; until [ -e go ]; do sleep 0.05; done; echo meanwhile; read line; echo $line",
            in: vm
        )
        let client = try GuestClient(vm)
        #expect(try list(client).map(\.id) == [id])
        while try list(client).first?.attached == true { usleep(10_000) }
        try Data().write(to: URL(filePath: vm.outside(vm.project + "/go")))

        let channel = try attach(id, client)
        _ = try client.follow(channel) { $0.text.contains("meanwhile") }
        #expect(client.session(of: channel) == id)
        #expect(try list(client).first?.attached == true)
        client.type("typed\n", on: channel)
        let outcome = try client.follow(channel)
        #expect(outcome.text.hasPrefix("typed\r\ntyped"))
        #expect(outcome.ending == .exit(.exited(0)))
        #expect(try list(client) == [])
    }

    @Test func `leaving a session a second time leaves it running, and its size follows whoever comes`() throws {
        let vm = try PretendVM()
        let id = try start("stty size; touch shown; while :; do sleep 0.05; stty size; done", in: vm)
        while !FileManager.default.fileExists(atPath: vm.outside(vm.project + "/shown")) { usleep(10_000) }
        for _ in 1...2 {
            let client = try GuestClient(vm)
            let channel = try attach(id, client)
            let outcome = try client.follow(channel) { $0.text.contains("30 100") }
            #expect(outcome.text.contains("20 90"))
            client.leave()
        }
        let client = try GuestClient(vm)
        #expect(try list(client).map(\.id) == [id])
        _ = try client.follow(client.open(.task(.endSession(id))))
    }

    @Test func `whoever comes takes a session over from whoever does not answer any more`() throws {
        let vm = try PretendVM()
        let id = try start("read line; echo got $line", in: vm)
        let first = try GuestClient(vm)
        let early = try attach(id, first)
        _ = try first.follow(early) { _ in first.session(of: early) != nil }
        let second = try GuestClient(vm)
        let late = try attach(id, second)
        _ = try second.follow(late) { _ in second.session(of: late) != nil }

        let refusal = Refusal("the session was attached to from somewhere else", hint: "it goes on")
        #expect(try first.follow(early).ending == .refused(refusal))
        second.type("it\n", on: late)
        #expect(try second.follow(late).text.contains("got it"))
    }

    @Test func `a session that is killed says so, to whoever is attached and in the record`() throws {
        let vm = try PretendVM()
        let mark = ProcessMark()
        let id = try start("setsid sleep \(mark.seconds) & echo ready; read line", in: vm)
        let watcher = try GuestClient(vm)
        let channel = try attach(id, watcher)
        _ = try watcher.follow(channel) { $0.text.contains("ready") }
        while try !mark.isRunning() { usleep(10_000) }

        let client = try GuestClient(vm)
        guard case .result(let bytes) = try client.follow(client.open(.task(.endSession(id)))).ending else {
            Issue.record("not killed")
            return
        }
        let killed = SessionNote(.notice, "the session was ended with `dvm sessions kill`")
        let summary = try JSON.decode(SessionSummary.self, from: bytes)
        #expect(summary.exit == .signaled(9))
        #expect(summary.notes.contains(killed))
        #expect(try !mark.isRunning())
        let outcome = try watcher.follow(channel)
        #expect(outcome.ending == .exit(.signaled(9)))
        #expect(outcome.notes.contains(killed))
        #expect(!FileManager.default.fileExists(atPath: "/sys/fs/cgroup/unified/dvm/agents/\(id)"))
    }

    @Test func `what a session showed last is there after its end, for those who may read it`() throws {
        let vm = try PretendVM()
        let id = try start("printf '\\033[31mred\\033[0m\\n'; exit 3", in: vm)
        let client = try GuestClient(vm)
        while try !list(client).isEmpty { usleep(10_000) }
        let outcome = try client.follow(client.open(.task(.sessionReport(id))))

        #expect(outcome.text == "\u{1B}[31mred\u{1B}[0m\r\n")
        guard case .result(let bytes) = outcome.ending else {
            Issue.record("no report")
            return
        }
        #expect(try JSON.decode(SessionSummary.self, from: bytes).exit == .exited(3))
        for (path, mode) in [("", 0o750), ("/sessions.jsonl", 0o640), ("/\(id).output", 0o640)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: vm.outside("/var/log/dvm" + path))
            #expect(attributes[.posixPermissions] as? Int == mode)
            #expect(attributes[.ownerAccountID] as? Int == 0)
            #expect(attributes[.groupOwnerAccountID] as? Int == 64_101)
        }
    }

    @Test func `an agent reaches neither the record nor the directory of its session`() throws {
        let vm = try PretendVM()
        let script = "ls /var/log/dvm /run/dvm/sessions; echo x >>/var/log/dvm/sessions.jsonl; cat /sys/fs/cgroup/dvm"
        let outcome = try GuestClient(vm).run(shell(script))

        #expect(outcome.text == "")
        #expect(outcome.complaint.split(separator: "\n").count == 4)
        // The developer, who may read it, sees what is hidden there.
        let seen = try GuestClient(vm).run(Program(.words(["cat", "/var/log/dvm/sessions.jsonl"])))
        #expect(seen.text.split(separator: "\n").count == 2)
    }

    @Test func `a session that is recorded can be played again`() throws {
        let vm = try PretendVM()
        try vm.configure(#""recorded":true"#)
        let client = try GuestClient(vm)
        var program = shell("printf 'h\\303\\244'; sleep 0.1; printf '\\342\\234'; sleep 0.1; printf '\\223\\n'")
        program.terminal = Self.terminal
        let channel = try client.open(.program(program))
        _ = try client.follow(channel) { _ in client.session(of: channel) != nil }
        let id = try #require(client.session(of: channel))
        _ = try client.follow(channel)

        let cast = try String(contentsOfFile: vm.outside("/var/log/dvm/\(id).cast"), encoding: .utf8)
        let lines = cast.split(separator: "\n").map(String.init)
        let header = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
        #expect(header["version"] as? Int == 2)
        #expect(header["width"] as? Int == 90)
        #expect(header["height"] as? Int == 20)
        var shown = ""
        for line in lines.dropFirst() {
            let event = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any])
            #expect(event[0] is Double || event[0] is Int)
            #expect(event[1] as? String == "o")
            shown += event[2] as? String ?? ""
        }
        #expect(shown == "hä✓\r\n")
    }

    @Test func `a session that is not written down says so and runs`() throws {
        let vm = try PretendVM()
        // Root itself cannot make a directory where a file is.
        try Data().write(to: URL(filePath: vm.outside("/var/log/dvm")))
        let outcome = try GuestClient(vm).run(shell("echo runs"))

        #expect(outcome.text == "runs\n")
        #expect(outcome.ending == .exit(.exited(0)))
        #expect(
            outcome.notes.contains(
                SessionNote(.warning, "the session could not be written to /var/log/dvm/sessions.jsonl")
            )
        )
    }

    @Test(
        arguments: [
            (0o755, 0, true),
            // Ubuntu's: its group is that of the system's logger.
            (0o775, 104, true),
            // One of people, and one that everyone may write.
            (0o775, 64_101, false), (0o775, 1000, false), (0o777, 0, false),
        ] as [(mode_t, gid_t, Bool)]
    )
    func `sessions are written down where nobody but the system can take that away`(
        mode: mode_t,
        group: gid_t,
        isKept: Bool
    ) throws {
        let vm = try PretendVM()
        let log = vm.directory.appending(path: "log").path
        try #require(unsafe chown(log, 0, group) == 0 && chmod(log, mode) == 0)
        let client = try GuestClient(vm)
        let outcome = try client.run(shell("echo runs"))
        #expect(outcome.text == "runs\n")
        #expect(try list(client, ended: true).map(\.exit) == (isKept ? [.exited(0)] : []))
        #expect(outcome.notes.contains { $0.text.contains("could not be written") } != isKept)
        guard isKept else { return }
        let attributes = try FileManager.default.attributesOfItem(atPath: vm.outside("/var/log/dvm"))
        #expect(attributes[.posixPermissions] as? Int == 0o750)
    }

    @Test func `a session that is to be recorded and cannot be does not start`() throws {
        let vm = try PretendVM()
        try vm.configure(#""recorded":true"#)
        try Data().write(to: URL(filePath: vm.outside("/var/log/dvm")))
        let outcome = try GuestClient(vm).run(shell("echo runs > ran"))

        guard case .refused(let refusal) = outcome.ending else {
            Issue.record("it started: \(outcome)")
            return
        }
        #expect(refusal.message.hasPrefix("the session cannot be recorded: "))
        #expect(refusal.hint?.contains("DVM_AI_RECORD=0") == true)
        #expect(!FileManager.default.fileExists(atPath: vm.outside(vm.project + "/ran")))
    }

    @Test func `a disk that is full ends the recording, which the record says, and not the session`() throws {
        let vm = try PretendVM()
        try vm.configure(#""recorded":true"#)
        vm.roomForLogs = 512 << 10
        let client = try GuestClient(vm)
        var program = shell("head -c 2000000 /dev/zero | tr '\\0' x; echo; echo end; exit 3")
        program.terminal = Self.terminal
        let outcome = try client.run(program)

        #expect(outcome.text.hasSuffix("end\r\n"))
        #expect(outcome.ending == .exit(.exited(3)))
        let note = SessionNote(
            .warning,
            "the recording ends before the session: /var/log/dvm: No space left on device"
        )
        #expect(outcome.notes.contains(note), "\(outcome.notes)")
        let recorded = try list(client, ended: true).first
        #expect(recorded?.exit == .exited(3))
        #expect(recorded?.notes.contains(note) == true)
        // What there is can be played.
        let cast = "tail -n 1 /var/log/dvm/*.cast | grep -c '^\\[[0-9.]*, \"o\", \".*\"]$'; df /var/log | grep -c 100%"
        #expect(try client.run(Program(.words(["sh", "-c", cast]))).text == "1\n1\n")
    }

    @Test func `a session ends after the time it was given`() throws {
        let vm = try PretendVM()
        try vm.configure(#""limits":{"seconds":1}"#)
        let outcome = try GuestClient(vm).run(shell("echo runs; trap '' TERM HUP INT; while :; do sleep 1; done"))

        #expect(outcome.text == "runs\n")
        #expect(outcome.ending == .exit(.signaled(9)))
        #expect(
            outcome.notes.contains(
                SessionNote(.warning, "the session was ended after the time it was given, which DVM_AI_TIME sets")
            )
        )
        #expect(try list(GuestClient(vm), ended: true).first?.facts?.limits == [.init(.time, times: 1)])
    }

    @Test func `a session hears what the network refused it, and how to allow that`() throws {
        let vm = try PretendVM()
        try vm.configure(##""network":{"uplink":"allow","hosts":[],"local":[],"served":[]}"##)
        let script = "curl -sS -m 10 -o /dev/null -w '%{http_code}' http://refused.test/; cat /proc/net/route | wc -l"
        let outcome = try GuestClient(vm).run(shell(script))

        #expect(outcome.ending == .exit(.exited(0)))
        #expect(outcome.text == "4031\n")
        let note =
            "refused a connection to refused.test:80: it is not among the hosts agents of this VM may reach; to allow "
            + "it, write DVM_AI_HOSTS=\"… refused.test:80\" in the VM's configuration and run `dvm sync`"
        #expect(outcome.notes.contains(SessionNote(.notice, note)))
    }

    @Test func `what a session met and changed is in the record, in fields`() throws {
        let vm = try PretendVM()
        try vm.configure(##""network":{"uplink":"allow","hosts":[],"local":[],"served":[]}"##)
        let script = """
            mkdir -p node_modules/x; echo x >made; for file in run 'a b' node_modules/x/tool; do install -m 755 made "$file"; done
            for _ in 1 2; do curl -sS -m 10 -o /dev/null http://refused.test/; done
            """
        let client = try GuestClient(vm)
        #expect(try client.run(shell(script)).ending == .exit(.exited(0)))

        var expected = SessionFacts()
        let reason = "it is not among the hosts agents of this VM may reach"
        expected.refusedConnections = [.init(target: "refused.test:80", times: 2, reason: reason)]
        expected.files = .init(changed: 4, executable: 3, executables: ["a b", "run"], complete: true)
        #expect(try list(client, ended: true).first?.facts == expected)
    }

    /// The gate of a session: the process that writes down what it decides.
    private func gate(of session: SessionID, in vm: PretendVM) throws -> pid_t? {
        func identity(_ path: String) -> [UInt64]? {
            var status = stat()
            return unsafe stat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
        }
        guard let log = identity(vm.outside("/var/log/dvm/\(session).network")) else { return nil }
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }
        return processes.first { identity("/proc/\($0)/fd/1") == log }
    }

    @Test(arguments: [false, true])
    func `what was refused counts as not known when the gate ended before the session`(isKilled: Bool) throws {
        let vm = try PretendVM()
        try vm.configure(##""network":{"uplink":"allow","hosts":[],"local":[],"served":[]}"##)
        let client = try GuestClient(vm)
        let ask = "curl -sS -m 10 -o /dev/null -w '%{http_code}\\n' http://refused.test/ 2>/dev/null"
        let channel = try client.open(.program(shell("\(ask); read line; \(ask)")))
        _ = try client.follow(channel) { $0.text.contains("403") }
        let id = try #require(client.session(of: channel))
        let gate = try #require(try gate(of: id, in: vm))
        if isKilled {
            kill(gate, SIGKILL)
            while try self.gate(of: id, in: vm) != nil { usleep(10_000) }
        }
        client.type("\n", on: channel)
        let outcome = try client.follow(channel)
        // The control: without its gate the session reaches not even its proxy.
        #expect(outcome.text == (isKilled ? "000\n" : "403\n"))

        let note = SessionNote(
            .warning,
            "which connections the session was refused is not known: the gate through which it reaches the network ended "
                + "before it with status 137; what it decided until then is in /var/log/dvm/\(id).network"
        )
        let recorded = try #require(try list(client, ended: true).first)
        #expect(outcome.notes.contains(note) == isKilled, "\(outcome.notes)")
        #expect(recorded.notes.contains(note) == isKilled)
        #expect(recorded.facts?.refusedConnectionsAreUnknown == (isKilled ? true : nil))
        #expect(recorded.facts?.refusedConnections.map(\.times) == (isKilled ? [] : [2]))
        let log = try String(contentsOfFile: vm.outside("/var/log/dvm/\(id).network"), encoding: .utf8)
        #expect(log.contains(#""target":"refused.test:80""#))
    }

    #if arch(x86_64)
    @Test func `a process that the kernel ended for a system call is in the record, which says whose it may be`() throws
    {
        let vm = try PretendVM()
        vm.hearsKernel = true
        let client = try GuestClient(vm)
        /// Has the kernel end a process for a number that no other test has: the log is the machine's.
        func kill() throws -> (call: SessionFacts.SystemCall, outcome: GuestClient.Outcome, facts: SessionFacts?) {
            let number = UInt32.random(in: 0x1_0000...0xFF_FFFF)
            let python = "import ctypes; ctypes.CDLL(None).syscall(\(0x4000_0000 | number))"
            let channel = try client.open(.program(shell("python3 -c '\(python)'; echo $?")))
            let outcome = try client.follow(channel)
            let id = client.session(of: channel)
            let call = SessionFacts.SystemCall(architecture: "x32", number: number, times: 1)
            return (call, outcome, try list(client, ended: true).first { $0.id == id }?.facts)
        }

        let alone = try kill()
        // 128 and SIGSYS.
        #expect(alone.outcome.text == "159\n")
        #expect(alone.facts?.endedBySystemCall.contains(alone.call) == true, "\(alone)")
        #expect(alone.facts?.systemCallsMayBeOthers == false)
        #expect(
            alone.outcome.notes.contains { $0.weight == .warning && $0.text.contains("\(alone.call.number) of x32") }
        )

        let other = try start("read line", in: vm)
        let beside = try kill()
        #expect(beside.facts?.endedBySystemCall.contains(beside.call) == true, "\(beside)")
        #expect(beside.facts?.systemCallsMayBeOthers == true)
        #expect(beside.outcome.notes.contains { $0.text.contains("may be of a session that ran beside") })
        _ = try client.follow(client.open(.task(.endSession(other))))
    }
    #endif

    @Test func `sessions of two tools see neither each other's processes nor homes`() throws {
        let vm = try PretendVM()
        try vm.install(tool: "codex", "#!/bin/sh\necho secret >$HOME/.codex/key; echo ready; exec sleep 86399")
        let client = try GuestClient(vm)
        let channel = try client.open(.program(Program(.tool(name: "codex", arguments: []))))
        _ = try client.follow(channel) { $0.text.contains("ready") }
        let outcome = try client.run(
            shell(
                "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 8639[9]; ls /var/lib/dvm-agent; pkill -x sleep; echo $?"
            )
        )

        #expect(outcome.text == "0\nshell\n1\n")
        // What is hidden is there.
        #expect(FileManager.default.fileExists(atPath: vm.outside("/var/lib/dvm-agent/codex/.codex/key")))
        try client.send(.signal, Signal.kill, on: channel)
        #expect(try client.follow(channel).ending == .exit(.signaled(9)))
    }

    @Test(arguments: ["20261121-153012-9f3a", "20200101-000000-0000"])
    func `a session that is not there is refused by name`(name: String) throws {
        let client = try GuestClient(PretendVM())
        let id = try SessionID(name)
        for request in [
            Request.attach(Attachment(session: id, size: nil)), .task(.endSession(id)), .task(.sessionReport(id)),
        ] {
            guard case .refused(let refusal) = try client.follow(client.open(request)).ending else {
                Issue.record("not refused: \(request)")
                continue
            }
            #expect(refusal.message.contains(name))
        }
    }

    @Test func `a session of a terminal is not taken away from it`() throws {
        let vm = try PretendVM()
        let owner = try GuestClient(vm)
        let channel = try owner.open(.program(shell("echo ready; read line; echo $line")))
        _ = try owner.follow(channel) { $0.text.contains("ready") }
        let id = try #require(owner.session(of: channel))
        let other = try GuestClient(vm)
        guard case .refused(let refusal) = try other.follow(attach(id, other)).ending else {
            Issue.record("taken away")
            return
        }
        #expect(refusal.message.contains("was not started to be attached to"))
        owner.type("still\n", on: channel)
        #expect(try owner.follow(channel).text == "still\n")
    }
}
