import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// The profiles of system calls, in the whole sandbox on this machine.
@Suite struct `The agent's sandbox, by its system calls` {
    let stage: SandboxStage

    init() throws { stage = try SandboxStage() }

    private func run(_ script: String, _ choice: AgentPolicy.SystemCalls) throws -> SandboxRun.Outcome {
        try SandboxRun.run(stage.agent(["/bin/bash", "-c", script], policy: Self.policy(choice)))
    }

    private static func policy(_ choice: AgentPolicy.SystemCalls) -> AgentPolicy {
        var policy = AgentPolicy()
        policy.systemCalls = choice
        return policy
    }

    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `answers the probe as doctor wants it`(choice: AgentPolicy.SystemCalls) throws {
        let facts = try SandboxRun.facts(stage.agent([View.program, "probe", "/root"], policy: Self.policy(choice)))
        #expect(facts.checks(under: choice).filter { $0.verdict == .fail } == [])
        let inherited = try OwnStatus.read().filters
        #expect(facts.seccompFilters == inherited + SystemCallFilter.programCount)

        // The others would not do: a session under another profile than the configured one is noticed.
        let others = AgentPolicy.SystemCalls.allCases.filter { $0 != choice && [$0, choice].contains(.nested) }
        for other in others { #expect(facts.checks(under: other).contains { $0.verdict == .fail }, "\(other)") }
    }

    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `lets programs work`(choice: AgentPolicy.SystemCalls) throws {
        let script = """
            set -e
            python3 - <<'END'
            import multiprocessing, os, pathlib, shutil, socket, sqlite3, subprocess, tempfile, threading
            pathlib.Path("a").write_text("x")
            shutil.copy2("a", "b")
            database = sqlite3.connect("database")
            database.execute("pragma journal_mode=wal")
            database.execute("create table t (x)")
            thread = threading.Thread(target=lambda: None)
            thread.start(), thread.join()
            server = socket.create_server(("127.0.0.1", 0))
            socket.create_connection(server.getsockname()).close()
            with multiprocessing.Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]
            assert subprocess.run(["ls", "-l"], capture_output=True, check=True).stdout
            END
            mkdir tree && cp -a a tree && tar -cf tree.tar tree && flock a true && rm -r tree
            echo fine
            """
        let outcome = try run(script, choice)
        #expect(outcome == .init(opened: true, output: "fine\n", exit: .exited(0)))
    }

    /// A user namespace of one's own gives every capability in it: the step most ways into the kernel begin with.
    @Test func `has no further user namespaces, unless nested`() throws {
        let script = "unshare --user --map-root-user --mount sh -c 'mount -t tmpfs none /tmp && id -u' 2>&1"
        for choice in [AgentPolicy.SystemCalls.standard, .strict] {
            let refused = try run(script, choice)
            #expect(refused.exit == .exited(1))
            #expect(refused.output.contains("Operation not permitted"), "\(refused.output)")
        }
        #expect(try run(script, .nested) == .init(opened: true, output: "0\n", exit: .exited(0)))
    }

    /// Bubblewrap as the tools use it that make a sandbox of their own.
    @Test func `lets Bubblewrap make a sandbox in the sandbox, where nested`() throws {
        let script = """
            echo text > file
            bwrap --unshare-all --new-session --die-with-parent --hostname inner --ro-bind / / --tmpfs /tmp --proc /proc \
            --dev /dev --bind /workspace /workspace sh -c 'cat file; echo more >> file; touch /etc/x; hostname' 2>&1
            cat file
            """
        let nested = try run(script, .nested)
        #expect(nested.output == "text\ntouch: cannot touch '/etc/x': Read-only file system\ninner\ntext\nmore\n")

        let usual = try run(script, .standard)
        #expect(usual.output.hasPrefix("bwrap: "))
        #expect(usual.output.hasSuffix("\ntext\n"))
    }

    /// What `nested` does not give up: the mounts of the sandbox are another user namespace's, and stay as they are.
    @Test func `keeps its own mounts from programs that have namespaces of their own`() throws {
        let script = """
            umount /usr && echo unmounted
            umount -l /workspace && echo unmounted
            mount -o remount,rw,bind /usr && echo writable
            mount -o remount,rw,bind / && echo writable
            mount --bind / /tmp && echo what is below the mounts is shown
            mount --rbind / /tmp && umount /tmp/run/dvm/guest && echo unmounted
            touch /usr/x /x /tmp/usr/x && echo written
            # The control: what is its own it mounts and unmounts.
            mount -t tmpfs none /run && umount /run && mount -t proc none /proc && echo "$(cat /proc/1/comm)"
            """
        let inside = "unshare --user --map-root-user --mount --pid --fork bash -c '\(script)' 2>/dev/null; echo end"
        let output = try run(inside, .nested).output
        #expect(output == "bash\nend\n")
    }

    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `goes on refusing what no profile gives`(choice: AgentPolicy.SystemCalls) throws {
        let script = """
            import ctypes, os, socket
            libc = ctypes.CDLL(None, use_errno=True)
            for family in (40, 38, 17):
                try: socket.socket(family, socket.SOCK_STREAM)
                except OSError as error: print(error.errno)
            open("f", "w").close()
            for mode in (0o4755, 0o2755):
                try: os.chmod("f", mode)
                except OSError as error: print(error.errno)
            for call in (425, 250 if os.uname().machine == "x86_64" else 219):
                print(libc.syscall(call, 1, 0), ctypes.get_errno())
            """
        try Data(script.utf8).write(to: URL(fileURLWithPath: "\(stage.project)/try.py"))
        let wanted = "97\n97\n97\n1\n1\n-1 1\n-1 1\n"
        #expect(try run("python3 try.py", choice).output == wanted)
        let control = try SandboxRun.run(stage.plain(script: "python3 try.py", as: stage.developer))
        #expect(control.output != wanted)
    }

    @Test func `lets debuggers at the session's own processes, unless strict`() throws {
        // PTRACE_SEIZE and process_vm_readv of a child.
        let script = """
            import ctypes, os, time
            libc = ctypes.CDLL(None, use_errno=True)
            child = os.fork()
            if child == 0: time.sleep(60)
            arm = os.uname().machine != "x86_64"
            print(libc.syscall(117 if arm else 101, 0x4206, child, 0, 0), ctypes.get_errno())
            print(libc.syscall(270 if arm else 310, child, 0, 0, 0, 0, 0), ctypes.get_errno())
            os.kill(child, 9)
            """
        try Data(script.utf8).write(to: URL(fileURLWithPath: "\(stage.project)/trace.py"))
        #expect(try run("python3 trace.py", .standard).output == "0 0\n0 0\n")
        #expect(try run("python3 trace.py", .strict).output == "-1 1\n-1 1\n")
    }

    #if arch(x86_64)
    /// A 32-bit program's calls have other numbers, so that a filter that let them pass would refuse nothing.
    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `kills 32-bit programs`(choice: AgentPolicy.SystemCalls) throws {
        // An ELF file whose whole code is exit(42): mov eax, 1; mov ebx, 42; int 0x80.
        let header: [UInt8] =
            [0x7F, 0x45, 0x4C, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 1, 0, 0, 0]
            + [0x54, 0x80, 0x04, 0x08, 0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x34, 0, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 0]
        let segment: [UInt8] =
            [1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x04, 0x08, 0, 0x80, 0x04, 0x08]
            + [0x60, 0, 0, 0, 0x60, 0, 0, 0, 5, 0, 0, 0, 0, 0x10, 0, 0]
        let code: [UInt8] = [0xB8, 1, 0, 0, 0, 0xBB, 42, 0, 0, 0, 0xCD, 0x80]
        try Data(header + segment + code).write(to: URL(fileURLWithPath: "\(stage.project)/old"))
        stage.mode("\(stage.project)/old", 0o644)
        // Copied by the process itself: a descriptor of ours, inherited by another test's process, would keep it busy.
        let script = "cp old new && chmod 755 new && ./new; status=$?; rm -f new; exit $status"

        let control = try SandboxRun.run(stage.plain(script: script, as: stage.developer))
        #expect(control.exit == .exited(42), "this kernel runs no 32-bit programs")
        #expect(try run(script, choice).exit == .exited(128 + UInt8(SIGSYS)))
    }
    #endif
}

/// The last look before the tool: a part of the filter that is missing is no filter.
@Suite struct `Counting filters before the tool` {
    private static func order(_ agent: Spawn.Agent) throws -> InnerOrder {
        let words = ["/bin/true"]
        return try InnerOrder(
            Spawn(words: words, environment: [:], terminal: false, confinement: .agent(agent)),
            agent,
            mounts: MountPlan(options: []),
            directories: [:]
        )
    }

    /// How many of the two programs are loaded, and what `inner` says then.
    @Test(arguments: [
        (0, "the sandbox is not whole"), (1, "the sandbox is not whole"), (2, "the sandbox is not as planned"),
    ])
    func `refuses a session that is under fewer than ordered`(loaded: Int, says: String) async throws {
        let report = "/var/tmp/dvm-inner-\(UUID().uuidString)"
        defer { unsafe unlink(report) }
        await #expect(processExitsWith: .exitCode(1)) { [report = report as String, loaded = loaded as Int] in
            var agent = `What the agent sees`.agent
            (agent.uid, agent.gid) = (0, 0)
            let order = try Descriptors.sealedFile("the order", JSON.encode(Self.order(agent)))
            let file = unsafe open(report, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            // Everything else that `inner` looks at is as it should be.
            try Capabilities.dropBoundingAndAmbient()
            try Capabilities.dropAll()
            try Capabilities.neverRegain()
            for program in try SystemCallFilter(.standard).programs().prefix(loaded) {
                try program.load()
            }
            try #require(dup2(order.rawValue, 4) == 4 && dup2(file, 3) == 3)
            let program = try Products.path("dvm-guest")
            let words = ArgumentList([program, "inner", "4"])
            let none = ArgumentList([])
            unsafe execve(program, words.pointer, none.pointer)
        }
        let text = try String(decoding: Data(contentsOf: URL(fileURLWithPath: report)), as: UTF8.self)
        #expect(text.contains(says))
    }

    /// As in a container, whose own filter is inherited.
    @Test func `counts those that were there before`() async {
        await #expect(processExitsWith: .success) {
            let before = try OwnStatus.read().filters
            try SystemCallFilter(.standard).load()
            let after = try OwnStatus.read().filters
            #expect(after == before + 2)
            let ordered = try Self.order(`What the agent sees`.agent).filters
            #expect(ordered == before + 4)
        }
    }
}
