import DVMProtocol
import Foundation
import TestSupport
import Testing

/// The guard around a whole session, as a host starts it; what it stops is tried in the guest's own tests.
@Suite struct `A project after a session, over pipes` {
    private static let identity = """
        export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x; set -e

        """

    private func agent(_ script: String) -> Program {
        Program(.tool(name: "shell", arguments: ["--norc", "-c", Self.identity + script]))
    }

    private func developer(_ script: String) -> Program { Program(.words(["sh", "-c", Self.identity + script])) }

    @Test func `has nothing planted left in it, and the person is told`() throws {
        let client = try GuestClient(PretendVM())
        let outcome = try client.run(agent("git init -q new; git -C new config core.fsmonitor ./x; echo done"))
        #expect(outcome.text == "done\n", "\(outcome)")
        #expect(
            outcome.notes.contains { $0.weight == .warning && $0.text.hasPrefix("new/.git/config could have made") }
        )
        #expect(try client.run(developer("cd new; git config --get core.fsmonitor || echo none")).text == "none\n")
    }

    @Test func `has nothing in it that one session planted and another one planted again`() throws {
        let vm = try PretendVM()
        let plant = "git init -q new; git -C new config core.fsmonitor ./x"
        let first = try GuestClient(vm)
        // With an end of its own: a second session that is refused is to fail this test and not to keep it.
        let wait = "for i in $(seq 1200); do [ -e go ] && break; sleep 0.05; done"
        let one = try first.open(.program(agent("\(plant); echo ready; \(wait)")))
        let ready = try first.follow(one) { $0.text.contains("ready") || $0.ending != nil }
        try #require(ready.ending == nil, "\(ready)")

        // It finds what was planted, and waits until that was taken back.
        let second = try GuestClient(vm)
        let script = """
            grep -c fsmonitor new/.git/config; touch go; for i in $(seq 1200); do [ -e new/.git/config ] || break; sleep 0.05; done
            \(plant); git -C new config core.fsmonitor
            """
        let two = try second.open(.program(agent(script)))
        let seen = try second.follow(two) { $0.text.contains("\n") || $0.ending != nil }
        #expect(seen.text == "1\n", "\(seen)")
        let early = try first.follow(one)
        let late = try second.follow(two)
        #expect(late.text == "./x\n", "\(late)")
        for outcome in [early, late] {
            let isTold = outcome.notes.contains { $0.text.hasPrefix("new/.git/config could have made git run") }
            #expect(isTold, "\(outcome)")
        }
        let found = try GuestClient(vm).run(developer("cd new; git config --get core.fsmonitor || echo none"))
        #expect(found.text == "none\n")
    }

    @Test func `has the commits of a session that worked on a shadow`() throws {
        let vm = try PretendVM()
        try vm.configure(#""git": "shadow""#)
        let client = try GuestClient(vm)
        #expect(
            try client.run(developer("git init -qb main .; echo a > a; git add a; git commit -qm one; echo ok")).text
                == "ok\n"
        )
        let outcome = try client.run(agent("echo b > a; git commit -qam two; git config core.fsmonitor ./x; echo done"))
        #expect(outcome.text == "done\n", "\(outcome)")
        #expect(outcome.notes.contains(SessionNote(.notice, "refs/heads/main has them")), "\(outcome.notes)")
        let found = try client.run(developer("git log --format=%s; git status --short; git config core.fsmonitor || :"))
        #expect(found.text == "two\none\n")
    }
}
