import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// A session in the sandbox as a host starts it; the walls themselves are tried in the guest's own tests.
@Suite struct `Agent sessions, over pipes` {
    private func shell(_ script: String, in directory: String? = nil, terminal: Bool = false) -> Program {
        Program(
            .tool(name: "shell", arguments: ["--norc", "-c", script]),
            directory: directory,
            terminal: terminal ? .init(name: "xterm", size: TerminalSize(columns: 100, rows: 30)) : nil
        )
    }

    @Test func `the tool is the agent, in the project, with a home of its own`() throws {
        let outcome = try GuestClient(PretendVM()).run(shell("id -u; id -G; pwd; echo $HOME; echo oops >&2; exit 7"))

        #expect(outcome.text == "64102\n64102\n/workspace\n/var/lib/dvm-agent/shell\n")
        #expect(outcome.complaint == "oops\n")
        #expect(outcome.ending == .exit(.exited(7)))
    }

    @Test(
        arguments: [
            ("/home/developer/code/app/sub/dir", "/workspace/sub/dir"), ("/workspace/sub", "/workspace/sub"),
            ("/home/developer", "/workspace"), ("/workspace/sub/../../etc", "/workspace"),
        ]
    )
    func `the directory is mapped into the project`(asked: String, found: String) throws {
        let vm = try PretendVM()
        let sub = vm.outside(vm.project + "/sub/dir")
        try FileManager.default.createDirectory(atPath: sub, withIntermediateDirectories: true)

        #expect(try GuestClient(vm).run(shell("pwd", in: asked)).text == found + "\n")
    }

    @Test func `what the agent writes is the developer's outside`() throws {
        let vm = try PretendVM()
        let outcome = try GuestClient(vm).run(
            shell("echo made > made.txt; stat -c %u made.txt; cat \(vm.project)/made.txt")
        )

        #expect(outcome.text == "64102\nmade\n")
        let file = vm.outside(vm.project + "/made.txt")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "made\n")
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.ownerAccountID] as? Int == 64_101)
    }

    @Test func `the developer's home is hidden, which the developer sees`() throws {
        let vm = try PretendVM()
        let secret = vm.home + "/secret"
        try Data("canary".utf8).write(to: URL(filePath: vm.outside(secret)))
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: vm.outside(secret))
        let client = try GuestClient(vm)

        #expect(try client.run(Program(.words(["cat", secret]))).text == "canary")
        let outcome = try client.run(shell("cat \(secret); ls -A \(vm.home)"))
        #expect(outcome.text == "code\n")
        #expect(outcome.complaint.contains("No such file"))
    }

    @Test func `variables are those that were sent`() throws {
        var program = shell("env | cut -d= -f1 | sort | tr '\\n' ' '")
        program.environment = ["OPENAI_API_KEY": "k"]
        let names = Set(try GuestClient(PretendVM()).run(program).text.split(separator: " ").map(String.init))

        #expect(
            names.subtracting(["PWD", "SHLVL", "_", "OLDPWD"]) == [
                "HOME", "LANG", "LOGNAME", "OPENAI_API_KEY", "PATH", "SHELL", "TMPDIR", "USER", "XDG_RUNTIME_DIR",
            ]
        )
    }

    /// From the settings of a VM to what its kernel says: a namespace, and a personality that only `strict` refuses.
    @Test(arguments: [("default", "personality\n"), ("strict", ""), ("nested", "namespace\npersonality\n")])
    func `system calls are those the configuration chose`(profile: String, works: String) throws {
        let vm = try PretendVM()
        try vm.configure(#""systemCalls":"\#(profile)""#)
        let script = """
            unshare --user true && echo namespace
            setarch --read-implies-exec true && echo personality
            """
        #expect(try GuestClient(vm).run(shell("(\(script)) 2>/dev/null")).text == works)
    }

    @Test func `death by a signal is told as a shell tells it`() throws {
        let ending = try GuestClient(PretendVM()).run(shell("kill -TERM $$")).ending
        guard case .exit(let exit) = ending else {
            Issue.record("no exit: \(String(describing: ending))")
            return
        }
        #expect(exit.status == 143)
    }

    @Test func `a terminal is the tool's own`() throws {
        let outcome = try GuestClient(PretendVM()).run(
            shell("test -t 0 && test -t 1 && test -t 2 && stty size && : > /dev/tty && echo $TERM", terminal: true)
        )
        #expect(outcome.text == "30 100\r\nxterm\r\n")
        #expect(outcome.ending == .exit(.exited(0)))
    }

    @Test func `Ctrl-C reaches the tool and not what holds the sandbox`() throws {
        let client = try GuestClient(PretendVM())
        let script = "trap 'echo caught; exit 3' INT; echo rea\"\"dy; while :; do sleep 0.05; done"
        let channel = try client.open(.program(shell(script, terminal: true)))
        _ = try client.follow(channel) { $0.text.contains("ready") }
        client.type("\u{3}", on: channel)
        let outcome = try client.follow(channel)

        #expect(outcome.text.contains("caught"))
        #expect(outcome.ending == .exit(.exited(3)))
    }

    @Test func `a signal reaches the tool without a terminal too`() throws {
        let client = try GuestClient(PretendVM())
        let script = "trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
        let channel = try client.open(.program(shell(script)))
        _ = try client.follow(channel) { $0.text.contains("ready") }
        try client.send(.signal, Signal.terminate, on: channel)
        let outcome = try client.follow(channel)

        #expect(outcome.text == "caught\n")
        #expect(outcome.ending == .exit(.exited(3)))
    }

    @Test func `a tool that is not installed is refused by name`() throws {
        let program = Program(.tool(name: "codex", arguments: []))
        guard case .refused(let refusal) = try GuestClient(PretendVM()).run(program).ending
        else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.message == "codex is not installed in this VM")
        #expect(refusal.hint?.contains("/usr/local/libexec/dvm/tools/codex/bin/codex") == true)
    }

    @Test func `everything of a session dies with the link, which a developer's daemon does not`() throws {
        let client = try GuestClient(PretendVM())
        let inside = ProcessMark()
        let escaped = ProcessMark()
        let outside = ProcessMark()
        let daemon = "setsid sleep \(outside.seconds) </dev/null >/dev/null 2>&1 & sleep 0.2; echo $!"
        let started = try client.run(Program(.words(["/bin/sh", "-c", daemon])))
        let pid = try #require(pid_t(started.text.split(separator: "\n").first ?? ""))
        try #require(pid > 1)
        defer { kill(pid, SIGKILL) }
        let channel = try client.open(
            .program(
                shell(
                    "setsid sleep \(escaped.seconds) </dev/null >/dev/null 2>&1 & echo ready; sleep \(inside.seconds)"
                )
            )
        )
        _ = try client.follow(channel) { $0.text.contains("ready") }
        while try !inside.isRunning() || !escaped.isRunning() { usleep(10_000) }

        client.link.end()
        while (try? client.link.turn()) != nil {}
        let start = ContinuousClock.now
        while try inside.isRunning() || escaped.isRunning() {
            // Two seconds are the promise; tenfold slack for a busy machine.
            try #require(ContinuousClock.now - start < .seconds(20))
            usleep(10_000)
        }
        #expect(try outside.isRunning())
    }
}

/// A number of seconds for sleep(1) that no other process has in its arguments.
struct ProcessMark {
    let seconds = "86400.\(UInt32.random(in: 1_000_000...9_999_999))"

    func isRunning() throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").contains { name in
            Int(name) != nil
                && (try? String(contentsOfFile: "/proc/\(name)/cmdline", encoding: .utf8))?.hasPrefix(
                    "sleep\0\(seconds)"
                ) == true
        }
    }
}
