import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Programs of the developer, over pipes` {
    @Test func `a guest says who it is`() throws {
        let welcome = try GuestClient(PretendVM()).welcome()

        #expect(welcome.versions == ProtocolVersion.spoken)
        #expect(welcome.build.count >= 16)
        #expect(welcome.facts.architecture == "x86_64" || welcome.facts.architecture == "aarch64")
        #expect(welcome.clockStep == nil)
    }

    @Test func `streams, status, user, directory and variables are the program's`() throws {
        let client = try GuestClient(PretendVM())
        let script = #"id -u; id -G; pwd; echo "$HOME $USER $EXTRA ${SUDO_USER-none}"; echo oops >&2; exit 7"#

        let outcome = try client.run(Program(.words(["/bin/sh", "-c", script]), environment: ["EXTRA": "x y"]))

        #expect(outcome.text == "64101\n64101 64200\n/home/developer/code/app\n/home/developer developer x y none\n")
        #expect(outcome.complaint == "oops\n")
        #expect(outcome.ending == .exit(.exited(7)))
    }

    @Test(arguments: [("TERM", 15), ("KILL", 9), ("INT", 2)] as [(String, UInt8)])
    func `death by a signal is told as such`(name: String, number: UInt8) throws {
        let outcome = try GuestClient(PretendVM()).run(Program(.words(["/bin/sh", "-c", "kill -\(name) $$"])))

        #expect(outcome.ending == .exit(.signaled(number)))
    }

    @Test func `five megabytes go through a program and come back the same`() throws {
        var random = SeededGenerator(seed: 5)
        let bytes = (0..<5_000_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }

        let outcome = try GuestClient(PretendVM()).run(Program(.words(["cat"])), input: bytes)

        #expect(outcome.output == bytes)
        #expect(outcome.ending == .exit(.exited(0)))
    }

    @Test func `the end of input arrives at a program that is already waiting for it`() throws {
        let client = try GuestClient(PretendVM())
        let channel = try client.open(.program(Program(.words(["/bin/sh", "-c", "echo ready; cat; echo over"]))))
        _ = try client.follow(channel) { $0.text.contains("ready") }
        client.endInput(of: channel)

        #expect(try client.follow(channel).text == "over\n")
    }

    @Test func `a program that does not exist is refused by name`() throws {
        let outcome = try GuestClient(PretendVM()).run(Program(.words(["no-such-program"])))

        guard case .refused(let refusal) = outcome.ending else {
            Issue.record("not refused: \(outcome)")
            return
        }
        #expect(refusal.message.contains("no-such-program"))
        #expect(refusal.hint != nil)
    }

    @Test func `a program left in the background keeps nobody waiting`() throws {
        let outcome = try GuestClient(PretendVM()).run(Program(.words(["/bin/sh", "-c", "sleep 100 & echo started"])))

        #expect(outcome.text == "started\n")
        #expect(outcome.ending == .exit(.exited(0)))
    }

    @Test func `input nobody reads does not stop anything`() throws {
        let input = [UInt8](repeating: 1, count: 2_000_000)
        let outcome = try GuestClient(PretendVM()).run(
            Program(.words(["/bin/sh", "-c", "exec <&-; sleep 0.2; echo done"])),
            input: input
        )

        #expect(outcome.text == "done\n")
    }

    @Test func `a signal reaches the program and what it started`() throws {
        let client = try GuestClient(PretendVM())
        let channel = try client.open(
            .program(
                Program(.words(["/bin/sh", "-c", "trap 'echo caught; exit 3' INT; echo ready; sleep 100 & wait"]))
            )
        )
        var outcome = try client.follow(channel) { $0.text.contains("ready") }
        try client.send(.signal, Signal.interrupt, on: channel)
        outcome = try client.follow(channel)

        #expect(outcome.text == "caught\n")
        #expect(outcome.ending == .exit(.exited(3)))
    }

    @Test func `conversations do not disturb each other`() throws {
        let client = try GuestClient(PretendVM())
        let flood = try client.open(.program(Program(.words(["yes"]))))
        _ = try client.follow(flood) { !$0.output.isEmpty }
        let outcome = try client.run(Program(.words(["echo", "through the flood"])))
        #expect(outcome.text == "through the flood\n")

        try client.send(.signal, Signal.interrupt, on: flood)
        #expect(try client.follow(flood).ending == .exit(.signaled(2)))
    }

    @Test func `a VM that was not set up says so`() throws {
        let vm = try PretendVM()
        try removeFile(vm.outside("/var/lib/dvm/settings.json"))

        let outcome = try GuestClient(vm).run(Program(.words(["true"])))

        #expect(
            outcome.ending
                == .refused(Refusal("this VM has not been set up yet", hint: "run `dvm sync` for it on the host"))
        )
    }
}
