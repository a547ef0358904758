import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// The whole way in, on this machine: the built program, Bubblewrap, a shell.
@Suite struct `The agent's sandbox` {
    let stage: SandboxStage

    init() throws { stage = try SandboxStage() }

    // MARK: The project

    @Test func `shows the developer's files as the agent's, and the other way round`() throws {
        try Data("from outside".utf8).write(to: URL(fileURLWithPath: "\(stage.project)/old"))
        stage.own("\(stage.project)/old", stage.developer)
        stage.mode("\(stage.project)/old", 0o600)

        let outcome = try SandboxRun.run(
            stage.agent(
                script: "set -e; cat old; echo more >> old; mkdir new; echo x > new/file; stat -c %u:%g old new/file"
            )
        )

        let agent = "\(stage.agent):\(stage.agent)"
        #expect(outcome == .init(opened: true, output: "from outside\(agent)\n\(agent)\n", exit: .exited(0)))
        #expect(stage.owner("\(stage.project)/new/file") == stage.developer)
        #expect(stage.owner("\(stage.project)/old") == stage.developer)
    }

    @Test func `has the project's own path lead to the same place`() throws {
        let outcome = try SandboxRun.run(stage.agent(script: "pwd; cd \(stage.project) && pwd -P && touch here"))
        #expect(outcome.output == "/workspace\n/workspace\n")
        #expect(stage.owner("\(stage.project)/here") == stage.developer)
    }

    @Test(arguments: ["/tmp", "/var/tmp", "/dev/shm"])
    func `has a full directory tell so, and goes on`(path: String) throws {
        var policy = AgentPolicy()
        let script =
            "head -c 100000000 /dev/zero >\(path)/large 2>/dev/null; echo $?; rm \(path)/large; echo x >\(path)/y"
        #expect(try SandboxRun.run(stage.agent(["/bin/sh", "-c", script], policy: policy)).output == "0\n")

        policy.limits.memory = 128 << 20
        #expect(try SandboxRun.run(stage.agent(["/bin/sh", "-c", script], policy: policy)).output == "1\n")
    }

    @Test func `starts in the directory of the project it was asked for`() throws {
        try FileManager.default.createDirectory(atPath: "\(stage.project)/a b/c", withIntermediateDirectories: true)
        let outcome = try SandboxRun.run(stage.agent(script: "pwd", directory: "a b/c"))
        #expect(outcome.output == "/workspace/a b/c\n")
    }

    @Test func `refuses a directory the project does not have`() throws {
        let outcome = try SandboxRun.run(stage.agent(script: "pwd", directory: "missing"))
        #expect(!outcome.opened)
        #expect(outcome.refusal?.message.contains("“missing”") == true)
        #expect(outcome.exit == .exited(1))
    }

    @Test func `shows a tool no other tool's home`() throws {
        let script = "cat \(stage.top)/agents/other/token; ls \(stage.top)/agents"
        let outcome = try SandboxRun.run(stage.agent(script: script))
        #expect(!outcome.output.contains(SandboxStage.canary))
        #expect(outcome.output.hasSuffix("shell\n"))

        let control = try SandboxRun.run(stage.plain(script: script, as: stage.agent))
        #expect(control.output.contains(SandboxStage.canary))
    }

    /// A disk or a secret that root mounts below the project later would be there as it is: owners, devices and all.
    @Test func `takes no part in what is mounted in the VM afterwards`() throws {
        // As systemd has it: every mount of the VM is shared.
        let shared = [
            "/usr/bin/unshare", "--mount", "--propagation", "shared", try Products.path("dvm-guest"), "enter",
        ]
        let ours = "/workspace|\(stage.toolHome)|/run/dvm/guest"
        let script = "grep -E ' (\(ours)) ' /proc/self/mountinfo | cut -d ' ' -f 5,7"
        let outcome = try SandboxRun.run(stage.agent(script: script), with: shared)

        let mounts = outcome.output.split(separator: "\n")
        #expect(mounts.count == 3)
        // An optional field before the lone hyphen names the mount whose changes it follows.
        #expect(mounts.filter { !$0.hasSuffix(" -") } == [])
    }

    // MARK: What it cannot see

    @Test func `does not reach the developer's files, whatever their modes`() throws {
        // As if the home were open to everyone: the view alone must hold.
        stage.mode(stage.home, 0o755)
        let script = "cat \(stage.secret); ls -a \(stage.home)"

        let outcome = try SandboxRun.run(stage.agent(script: script))
        #expect(outcome.opened)
        #expect(!outcome.output.contains(SandboxStage.canary))
        #expect(!outcome.output.contains(".ssh\n"))

        let control = try SandboxRun.run(stage.plain(script: script, as: stage.agent))
        #expect(control.output.contains(SandboxStage.canary))
        #expect(control.output.contains(".ssh\n"))
    }

    /// The second wall: were there a hole in the view, homes would be empty behind it.
    @Test func `has homes covered before Bubblewrap is started`() async {
        await #expect(processExitsWith: .success) {
            let stage = try SandboxStage()
            let home = stage.home
            let secret = stage.secret
            #expect(Status.of(FilePath(secret)) != nil, "the control")
            try Staging.leaveMountNamespace()
            try Staging.coverHomes(developerHome: home)
            #expect(Status.of(FilePath(secret)) == nil)
            #expect(unsafe mkdir("\(home)/new", 0o755) == -1)
            #expect(errno == EROFS)
            // In this namespace only: another process of this machine goes on seeing it.
            #expect(try TextFile.read("/proc/1/mountinfo").contains(home) == false)
            unsafe umount2(home, Int32(MNT_DETACH))
        }
    }

    @Test func `sees nothing of the VM's sockets, kernel, disks and accounts`() throws {
        let paths = [
            "/sys/kernel", "/run/systemd", "/run/lock", "/root", "/mnt", "/boot", "/srv", "/etc/shadow", "/etc/sudoers",
            "/etc/machine-id", "/etc/fstab", "/dev/vda", "/dev/kmsg", "/dev/vsock", "/var/lib/dpkg", "/home",
        ]
        let script = paths.map { "[ -e \($0) ] && echo \($0)" }.joined(separator: "; ")
        let inside = try SandboxRun.run(stage.agent(script: script))
        #expect(inside.opened)
        #expect(inside.output == "")

        let control = try SandboxRun.run(stage.plain(script: script, as: stage.agent))
        #expect(control.output.split(separator: "\n").count >= 5, "nothing to hide on this machine: \(control.output)")
    }

    @Test func `sees only its own processes`() throws {
        let script = "ls /proc | grep -c '^[0-9]'"
        let inside = try SandboxRun.run(stage.agent(script: script))
        let outside = try SandboxRun.run(stage.plain(script: script, as: stage.agent))
        #expect(try #require(Int(inside.output.dropLast())) < 8)
        #expect(try #require(Int(outside.output.dropLast())) > 8)
    }

    @Test func `gets no descriptor that was left open`() throws {
        // Without close-on-exec, as a careless library leaves one.
        let leaked = unsafe open(stage.secret, O_RDONLY)
        defer { close(leaked) }
        let script = "ls /proc/self/fd; cat <&\(leaked)"
        let inside = try SandboxRun.run(stage.agent(["/bin/bash", "-c", script]))
        #expect(inside.opened)
        #expect(!inside.output.contains(SandboxStage.canary))
        #expect(inside.output.hasPrefix("0\n1\n2\n3\n"))
        #expect(!inside.output.contains("4\n"))

        // The control: a shell that nothing closes descriptors for.
        let control = try SandboxRun(nil, with: ["/bin/bash", "-c", "cat <&\(leaked)"])
        #expect(try control.finish().output == SandboxStage.canary)
    }

    // MARK: What it cannot do

    /// What the probe says inside, and what it says as the same user without the sandbox.
    @Test(arguments: [false, true])
    func `answers the probe as doctor wants it`(terminal: Bool) throws {
        let paths = ["--program", "/bin/sh", "/root", "/sys/kernel", "/etc/shadow", stage.secret]
        let facts = try SandboxRun.facts(stage.agent([View.program, "probe"] + paths, terminal: terminal))
        #expect(facts.checks(under: .standard).filter { $0.verdict != .pass } == [])
        #expect(facts.uid == stage.agent)

        stage.mode(stage.home, 0o755)
        let without = try SandboxRun.facts(
            stage.plain([Products.path("dvm-guest"), "probe"] + paths, as: stage.agent, terminal: terminal)
        )
        let failed = Set(without.checks(under: .standard).filter { $0.verdict == .fail }.map(\.name))
        let expected = [
            "system call filter", "new privileges", "capabilities", "hidden paths", "mounts", "keyctl", "clone3",
            "io_uring", "netlink netfilter", "chmod setuid", "create setuid", "new user namespace",
            "setuid programs and devices", "arguments of process 1",
        ]
        #expect(Set(expected.map { "sandbox: \($0)" }).subtracting(failed) == [], "would pass without the sandbox")
    }

    @Test func `cannot type into its terminal`() throws {
        let program = try Products.path("dvm-guest")
        let facts = try SandboxRun.facts(stage.agent([View.program, "probe"], terminal: true))
        #expect(facts.attempts["type into the terminal"] == "EPERM")

        // Linux 6.2 can forbid it for everyone; where it does not, it works without the filter.
        let setting = try? TextFile.read("/proc/sys/dev/tty/legacy_tiocsti")
        let without = try SandboxRun.facts(stage.plain([program, "probe"], as: stage.agent, terminal: true))
        #expect(without.attempts["type into the terminal"] == (setting == "0\n" ? "EIO" : "ok"))
    }

    @Test func `leaves a project's symbolic links nowhere to lead`() throws {
        stage.mode(stage.home, 0o755)
        for (name, target) in [("leak", "\(stage.home)/.ssh"), ("up", "../.."), ("system", "/etc")] {
            #expect(unsafe symlink(target, "\(stage.project)/\(name)") == 0)
        }
        // The control: outside they lead there.
        #expect(FileManager.default.fileExists(atPath: "\(stage.project)/leak/id_ed25519"))

        #expect(try SandboxRun.run(stage.agent(script: "ls", directory: "leak")).refusal != nil)
        #expect(
            try SandboxRun.run(stage.agent(script: "pwd -P; ls -a", directory: "up")).output.contains(".ssh") == false
        )
        let system = try SandboxRun.run(stage.agent(script: "pwd -P; ls shadow 2>&1", directory: "system"))
        #expect(system.output.hasPrefix("/etc\n"))
        #expect(system.output.contains("No such file"))
    }

    @Test func `cannot write beside the project, its home and its temporary files`() throws {
        let script =
            "for d in / /etc /usr /usr/bin /home /opt /var /run/dvm/guest /workspace/../x; do touch $d/f && echo $d; done"
        let outcome = try SandboxRun.run(
            stage.agent(script: "(\(script)) 2>/dev/null; touch /tmp/f /run/user/\(stage.agent)/f && echo fine")
        )
        #expect(outcome.output == "fine\n")
    }

    // MARK: Hostile orders

    @Test func `refuses a project that is reached through a link`() throws {
        let link = "\(stage.top)/link"
        #expect(unsafe symlink("\(stage.home)/code", link) == 0)
        let outcome = try SandboxRun.run(stage.agent(script: "pwd").agent { $0.project = "\(link)/app" })
        #expect(outcome.refusal?.message.contains("symbolic link at \(link)") == true)
        #expect(outcome.refusal?.hint != nil)
        // The control: without the link in between it is the same directory.
        #expect(try SandboxRun.run(stage.agent(script: "pwd")).opened)
    }

    @Test func `has the caller's variables reach the tool and nobody before it`() throws {
        var spawn = stage.agent(script: "tr '\\0' '\\n' < /proc/1/environ | wc -c; echo $LD_PRELOAD")
        spawn.environment["LD_PRELOAD"] = "/workspace/evil.so"
        let outcome = try SandboxRun.run(spawn)
        // Of Bubblewrap's own there are none; the loader of the tool's shell complains, as it was told to.
        #expect(outcome.output.contains("0\n"))
        #expect(outcome.output.contains("evil.so"))
        #expect(outcome.exit == .exited(0))
    }

    @Test func `keeps values out of every argument list`() throws {
        var spawn = stage.agent(script: "cat /proc/1/cmdline /proc/2/cmdline | tr '\\0' ' '")
        spawn.environment["TOKEN"] = "token-77"
        #expect(try !SandboxRun.run(spawn).output.contains("token-77"))
    }

    @Test func `passes over no NUL`() throws {
        let outcome = try SandboxRun.run(stage.agent(["/bin/echo", "a\0b"]))
        #expect(outcome.refusal?.message == "an argument contains a NUL byte")
    }

    @Test func `says which tool is not installed`() throws {
        let outcome = try SandboxRun.run(stage.agent(["/usr/local/libexec/dvm/tools/shell/bin/absent"]))
        #expect(outcome.refusal?.message == "shell is not installed in this VM")
        #expect(!outcome.opened)
        #expect(outcome.exit == .exited(1))
    }

    @Test func `refuses a project whose file system cannot show another owner`() throws {
        let script = """
            mount -t ramfs none \(stage.project) && chown \(stage.developer) \(stage.project) && exec "$0" enter
            """
        let outcome = try SandboxRun.run(
            stage.agent(script: "true").agent { $0.policy.access = .idmap },
            with: [
                "/usr/bin/unshare", "-m", "--propagation", "private", "/bin/sh", "-c", script,
                Products.path("dvm-guest"),
            ]
        )
        #expect(outcome.refusal?.message.contains("ramfs on Linux \(Kernel.release)") == true)
        #expect(outcome.refusal?.hint?.contains("ext4") == true)
    }

    // MARK: Life and death

    @Test func `ends as the tool ends`() throws {
        #expect(try SandboxRun.run(stage.agent(script: "exit 42")).exit == .exited(42))
        #expect(try SandboxRun.run(stage.agent(script: "kill -TERM $$")).exit == .exited(128 + 15))
    }

    @Test func `lets the tool decide about a signal to its group`() throws {
        let run = try SandboxRun(stage.agent(script: "trap 'echo caught; exit 7' TERM; echo ready; sleep 60 & wait"))
        try run.wait { $0.output.contains("ready") }
        kill(-run.pid, SIGTERM)
        #expect(try run.finish() == .init(opened: true, output: "ready\ncaught\n", exit: .exited(7)))
    }

    @Test func `gives the tool its terminal: Ctrl-C, and a shell that controls jobs`() throws {
        let script = "trap 'echo caught; exit 7' INT; stty size; tty; echo ready; sleep 60 & wait"
        let run = try SandboxRun(stage.agent(script: script, terminal: true))
        try run.wait { $0.output.contains("ready") }
        #expect(run.outcome.output.contains("24 80"))
        try run.type("\u{3}")
        let outcome = try run.finish()
        #expect(outcome.output.contains("caught"))
        #expect(outcome.exit == .exited(7))

        let shell = try SandboxRun(stage.agent(["/bin/bash", "--norc", "-i"], terminal: true))
        try shell.wait { $0.output.contains("$ ") }
        #expect(!shell.outcome.output.contains("no job control"))
        try shell.type("sleep 60\n")
        try shell.wait { $0.output.contains("sleep 60") }
        usleep(200_000)
        try shell.type("\u{1A}")
        try shell.wait { $0.output.contains("Stopped") }
        // Once more, since the first time it only warns of the job.
        try shell.type("exit 3\nexit 3\n")
        #expect(try shell.finish().exit == .exited(3))
    }

    @Test func `dies with whoever started it`() throws {
        // A parent in between, to be killed without a chance to say so.
        let run = try SandboxRun(
            stage.agent(script: "echo ready; sleep 60; echo survived"),
            with: ["/bin/sh", "-c", "\"$0\" enter & wait", Products.path("dvm-guest")]
        )
        try run.wait { $0.output.contains("ready") }
        kill(run.pid, SIGKILL)
        // The end of its output: nobody holds the pipe any more.
        let start = ContinuousClock.now
        #expect(try run.finish().output == "ready\n")
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func `goes on with its own program when another takes its place`() throws {
        let copy = "\(stage.top)/dvm-guest"
        // Copied by the process itself: a descriptor of ours, inherited by another test's process, would keep it busy.
        let words = ["/bin/sh", "-c", #"cp "$0" "$1" && exec "$1" enter"#, try Products.path("dvm-guest"), copy]
        let run = try SandboxRun(nil, with: words)
        // It waits for its order now, or soon.
        try run.waitUntilRunning(copy)
        try FileManager.default.removeItem(atPath: copy)
        try Data("#!/bin/sh\necho replaced\n".utf8).write(to: URL(fileURLWithPath: copy))
        stage.mode(copy, 0o755)
        try run.order(stage.agent(script: "echo ours"))
        #expect(try run.finish().output == "ours\n")
    }
}

extension SandboxRun {
    /// Waits until the process has become a program.
    func waitUntilRunning(_ path: String) throws {
        for _ in 0..<1000 {
            if (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")) == path { return }
            usleep(10_000)
        }
        throw Silence(outcome: outcome)
    }
}
