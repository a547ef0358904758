import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Programs with a terminal, over pipes` {
    private func program(_ command: Program.Command, columns: UInt16 = 80) -> Program {
        Program(
            command,
            terminal: .init(name: "xterm", size: TerminalSize(columns: columns, rows: 24)),
            outputWindow: Credit.terminalWindow
        )
    }

    @Test func `the program sees a terminal of its own, of the size and kind asked for`() throws {
        let outcome = try GuestClient(PretendVM()).run(
            program(
                .words([
                    "/bin/sh", "-c",
                    #"test -t 0 && test -t 1 && test -t 2 && stty size && echo "$TERM" && : > /dev/tty && echo own"#,
                ]),
                columns: 132
            )
        )

        #expect(outcome.text == "24 132\r\nxterm\r\nown\r\n")
        #expect(outcome.ending == .exit(.exited(0)))
    }

    @Test func `a change of size arrives`() throws {
        let client = try GuestClient(PretendVM())
        let script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done"
        let channel = try client.open(.program(program(.words(["/bin/bash", "-c", script]))))
        _ = try client.follow(channel) { $0.text.contains("ready") }
        try client.send(.resize, TerminalSize(columns: 33, rows: 44), on: channel)

        #expect(try client.follow(channel).text == "44 33\r\n")
    }

    @Test func `Ctrl-C ends what runs in front, and the shell goes on`() throws {
        let client = try GuestClient(PretendVM())
        let channel = try client.open(.program(program(.words(["/bin/bash", "--norc", "--noediting", "-i"]))))
        _ = try client.follow(channel) { $0.text.contains("$ ") }
        // The word is put together by the program, so that its echo is not mistaken for it.
        client.type("sh -c 'echo run\"\"ning; exec sleep 1000'\n", on: channel)
        _ = try client.follow(channel) { $0.text.contains("running") }
        client.type("\u{3}", on: channel)
        _ = try client.follow(channel) { $0.text.contains("$ ") }
        client.type("echo status-$?; exit 9\n", on: channel)
        let outcome = try client.follow(channel)

        #expect(outcome.text.contains("status-130"))
        #expect(outcome.ending == .exit(.exited(9)))
    }

    @Test func `Ctrl-Z stops a job, and the shell has job control`() throws {
        let client = try GuestClient(PretendVM())
        let channel = try client.open(.program(program(.words(["/bin/bash", "--norc", "--noediting", "-i"]))))
        let start = try client.follow(channel) { $0.text.contains("$ ") }
        #expect(!start.text.contains("no job control"))
        // The word is put together by the program, so that its echo is not mistaken for it.
        client.type("sh -c 'echo run\"\"ning; exec sleep 1000'\n", on: channel)
        _ = try client.follow(channel) { $0.text.contains("running") }
        client.type("\u{1A}", on: channel)
        _ = try client.follow(channel) { $0.text.contains("Stopped") }
        client.type("kill %1; exit\nexit\n", on: channel)

        #expect(try client.follow(channel).ending != nil)
    }

    @Test func `the end of input is Ctrl-D`() throws {
        let client = try GuestClient(PretendVM())
        let channel = try client.open(.program(program(.words(["/bin/sh", "-c", "echo ready; cat; echo over"]))))
        _ = try client.follow(channel) { $0.text.contains("ready") }
        let outcome = try client.follow(channel, input: Array("für ✓\n".utf8))

        #expect(outcome.text == "für ✓\r\nfür ✓\r\nover\r\n")
    }

    @Test func `a flood does not keep Ctrl-C waiting`() throws {
        let client = try GuestClient(PretendVM())
        let channel = try client.open(.program(program(.words(["yes"]))))
        _ = try client.follow(channel) { $0.output.count > 1_000_000 }
        let start = ContinuousClock.now
        client.type("\u{3}", on: channel)
        let outcome = try client.follow(channel)

        #expect(outcome.ending == .exit(.signaled(2)))
        // 200 ms is the promise, measured in `make bench`; tenfold slack for a busy machine.
        #expect(ContinuousClock.now - start < .seconds(2))
    }
}
