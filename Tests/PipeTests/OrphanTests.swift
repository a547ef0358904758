import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

/// Sessions that nobody ended, and what somebody does for them later.
@Suite struct `A session whose supervisor is killed` {
    private let vm: PretendVM
    init() throws { vm = try PretendVM() }

    private static let identity = """
        export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x; set -e

        """

    private func agent(_ script: String) -> Program {
        Program(.tool(name: "shell", arguments: ["--norc", "-c", Self.identity + script]))
    }

    /// Runs a script as the agent and kills what watches over it.
    private func orphan(_ script: String) throws -> SessionID {
        let client = try GuestClient(vm)
        let mark = ProcessMark()
        let channel = try client.open(.program(agent("\(script); echo ready; sleep \(mark.seconds)")))
        let outcome = try client.follow(channel) { $0.text.contains("ready") || $0.ending != nil }
        try #require(outcome.ending == nil, "\(outcome)")
        let id = try #require(client.session(of: channel))
        var pid: pid_t?
        while pid == nil { pid = try Relative.running("sleep\0\(mark.seconds)") }
        let supervisor = try #require(pid.flatMap { Relative.above($0, called: "dvm-guest\0session\0") })
        kill(supervisor, SIGKILL)
        guard case .refused(let refusal) = try client.follow(channel).ending else {
            Issue.record("it ended as if nothing were")
            return id
        }
        #expect(refusal.message == "the process that watched over the session is gone, and the session with it")
        while try mark.isRunning() { usleep(10_000) }
        return id
    }

    private static let plant = "git init -q new; git -C new config core.fsmonitor ./x"

    private var planted: String? {
        try? String(contentsOfFile: vm.outside("\(vm.project)/new/.git/config"), encoding: .utf8)
    }

    private func pending(_ id: SessionID) -> String { vm.outside("/var/lib/dvm/sessions/\(id)/review.json") }

    private func list(ended: Bool = false) throws -> [SessionSummary] {
        let client = try GuestClient(vm)
        guard case .result(let bytes) = try client.follow(client.open(.task(.sessions(ended: ended)))).ending else {
            throw Refusal("no list")
        }
        return try JSON.decode([SessionSummary].self, from: bytes)
    }

    @Test(arguments: ["", "/run/dvm/sessions"])
    func `is reviewed before the next one, also when the VM was switched off meanwhile`(gone: String) throws {
        let id = try orphan(Self.plant)
        // The control: it is there, and nobody has looked.
        #expect(planted?.contains("fsmonitor") == true)
        if !gone.isEmpty { try FileManager.default.removeItem(atPath: vm.outside(gone)) }

        let outcome = try GuestClient(vm).run(agent("git -C new config core.fsmonitor || echo none"))
        #expect(outcome.text == "none\n", "\(outcome)")
        #expect(planted == nil || planted?.contains("fsmonitor") == false)
        let text = "left by session \(id): new/.git/config could have made git run a program"
        #expect(outcome.notes.contains { $0.weight == .warning && $0.text.hasPrefix(text) }, "\(outcome.notes)")
        #expect(!FileManager.default.fileExists(atPath: pending(id)))
        let recorded = try list(ended: true).first { $0.id == id }
        #expect(recorded?.state == "lost")
        #expect(recorded?.notes.contains { $0.text.hasPrefix("new/.git/config could have made") } == true)
        // What was to be told of the network was told to nobody.
        #expect(recorded?.facts?.refusedConnectionsAreUnknown == true)
    }

    @Test func `is reviewed by whoever lists sessions`() throws {
        let id = try orphan(Self.plant)
        #expect(try list() == [])
        #expect(planted?.contains("fsmonitor") != true)
        #expect(try list(ended: true).first { $0.id == id }?.state == "lost")
        #expect(!FileManager.default.fileExists(atPath: vm.outside("/run/dvm/sessions/\(id)")))
    }

    @Test func `has its commits taken over all the same`() throws {
        try vm.configure(#""git": "shadow""#)
        let client = try GuestClient(vm)
        let make = "git init -qb main .; echo a > a; git add a; git commit -qm one; echo ok"
        #expect(try client.run(Program(.words(["sh", "-c", Self.identity + make]))).text == "ok\n")
        let id = try orphan("echo b > a; git commit -qam two; git config core.fsmonitor ./x")

        #expect(try list() == [])
        let log = try client.run(Program(.words(["git", "log", "--format=%s", "main"])))
        #expect(log.text == "two\none\n")
        let notes = try list(ended: true).first { $0.id == id }?.notes ?? []
        #expect(notes.contains(SessionNote(.notice, "refs/heads/main has them")), "\(notes)")
    }

    @Test func `keeps the next one from starting as long as nobody can look`() throws {
        let id = try orphan(Self.plant)
        try Data("{}".utf8).write(to: URL(filePath: pending(id)))

        guard case .refused(let refusal) = try GuestClient(vm).run(agent("echo runs")).ending else {
            Issue.record("it started")
            return
        }
        #expect(refusal.message.hasPrefix("what session \(id) left in the project could not be looked at: "))
        let path = "/var/lib/dvm/sessions/\(id)/review.json"
        #expect(refusal.hint == "once you have looked yourself, remove \(path) in the VM as root")
        #expect(try list().map(\.state) == ["not reviewed"])

        try FileManager.default.removeItem(atPath: pending(id))
        #expect(try GuestClient(vm).run(agent("echo runs")).text == "runs\n")
    }

    /// Somebody else looks at it at the moment, for as long as an agent can make that take.
    @Test func `keeps nobody waiting who starts in another project`() throws {
        let id = try orphan(Self.plant)
        var status = stat()
        try #require(unsafe stat(vm.outside(vm.project), &status) == 0)
        let locks = vm.outside("/run/dvm/reviews")
        try FileManager.default.createDirectory(
            atPath: locks,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let holder = Process()
        holder.executableURL = URL(filePath: "/usr/bin/flock")
        holder.arguments = ["\(locks)/\(status.st_ino).lock", "sh", "-c", "echo held; read line"]
        let (output, input) = (Pipe(), Pipe())
        holder.standardOutput = output
        holder.standardInput = input
        try holder.run()
        #expect(output.fileHandleForReading.availableData == Data("held\n".utf8))

        let settings = URL(filePath: vm.outside("/var/lib/dvm/settings.json"))
        let usual = try Data(contentsOf: settings)
        let other = "\(vm.home)/code/other"
        try FileManager.default.createDirectory(atPath: vm.outside(other), withIntermediateDirectories: false)
        _ = unsafe chown(vm.outside(other), vm.developer, vm.developer)
        try Data(#"{"codeDirectory":"\#(other)","name":"app","user":"developer"}"#.utf8).write(to: settings)
        let beside = try GuestClient(vm).run(agent("echo runs"))
        #expect(beside.text == "runs\n", "\(beside)")
        #expect(!beside.notes.contains { $0.text.hasPrefix("waiting") || $0.text.hasPrefix("left by") })
        // It is not a matter of there being nothing to do.
        #expect(holder.isRunning && planted?.contains("fsmonitor") == true)

        try usual.write(to: settings)
        let client = try GuestClient(vm)
        let channel = try client.open(.program(agent("git -C new config core.fsmonitor || echo none")))
        let waiting = "waiting until somebody else has looked at what another session left in its project"
        let before = try client.follow(channel) { $0.notes.contains { $0.text == waiting } || $0.ending != nil }
        #expect(before.ending == nil && before.text == "")
        try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        let outcome = try client.follow(channel)
        #expect(outcome.text == "none\n", "\(outcome)")
        #expect(outcome.notes.contains { $0.text.hasPrefix("left by session \(id): new/.git/config could have made") })
        holder.waitUntilExit()
    }

    @Test func `is no matter when its project is gone, or another directory by now`() throws {
        for replaced in [false, true] {
            let id = try orphan("touch \(replaced)")
            let project = vm.outside(vm.project)
            try FileManager.default.moveItem(atPath: project, toPath: "\(project)-\(id)")
            if replaced {
                try FileManager.default.createDirectory(atPath: project, withIntermediateDirectories: false)
                _ = unsafe chown(project, vm.developer, vm.developer)
            }
            #expect(try list() == [])
            let notes = try list(ended: true).first { $0.id == id }?.notes.map(\.text) ?? []
            let why = replaced ? "replaced by another directory" : "is gone"
            #expect(notes.contains { $0.contains(why) }, "\(notes)")
            #expect(!FileManager.default.fileExists(atPath: pending(id)))
            if !replaced { try FileManager.default.moveItem(atPath: "\(project)-\(id)", toPath: project) }
        }
    }

    @Test func `is ended last when memory runs out, and an agent first`() throws {
        let client = try GuestClient(vm)
        let mark = ProcessMark()
        let script = """
            cat /proc/self/oom_score_adj; echo -1 2>/dev/null >/proc/self/oom_score_adj || echo no; sleep \(mark.seconds)
            """
        let channel = try client.open(.program(agent(script)))
        let outcome = try client.follow(channel) { $0.text.contains("no\n") || $0.ending != nil }
        #expect(outcome.text == "500\nno\n")
        var pid: pid_t?
        while pid == nil { pid = try Relative.running("sleep\0\(mark.seconds)") }
        let supervisor = try #require(pid.flatMap { Relative.above($0, called: "dvm-guest\0session\0") })
        // In a container root may not be allowed to.
        let attempt = "echo -900 2>/dev/null >/proc/self/oom_score_adj; cat /proc/self/oom_score_adj"
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", attempt]
        process.standardOutput = output
        try process.run()
        let can = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(try String(contentsOfFile: "/proc/\(supervisor)/oom_score_adj", encoding: .utf8) == can)
        // Neither is what a person starts.
        let own = try String(contentsOfFile: "/proc/self/oom_score_adj", encoding: .utf8)
        let developers = try client.run(Program(.words(["cat", "/proc/self/oom_score_adj"])))
        #expect(developers.text == own)
        try client.send(.signal, Signal.kill, on: channel)
        _ = try client.follow(channel)
    }
}

/// Processes of this machine, by what started them.
private enum Relative {
    /// The process whose arguments begin so.
    static func running(_ arguments: String) throws -> pid_t? {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }.first {
            line($0).hasPrefix(arguments)
        }
    }

    /// The nearest process above another with exactly these arguments.
    static func above(_ pid: pid_t, called arguments: String) -> pid_t? {
        var pid = pid
        while pid > 1 {
            if line(pid) == arguments { return pid }
            let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
            let parent = status.split(separator: "\n").first { $0.hasPrefix("PPid:") }?.split(separator: "\t").last
            pid = parent.flatMap { pid_t($0) } ?? 0
        }
        return nil
    }

    private static func line(_ pid: pid_t) -> String {
        (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
    }
}
