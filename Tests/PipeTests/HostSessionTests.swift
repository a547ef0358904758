import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `dvm sessions, end to end` {
    private let host: HostProgram

    init() throws { host = try HostProgram() }

    @Test func `a session is left, found, taken up by the end of its name, and shown`() throws {
        let script = #"""
            id=$(dvm ai shell app --detach -- --norc -c \
              'echo hello; until [ -e go ]; do sleep 0.05; done; printf "\033[1mbye\033[0m\n"; exit 5' 2>$ROOT/said)
            grep -o "attach $id app" $ROOT/said | sed "s/$id/ID/"
            dvm sessions | sed "s/$id/ID/" | tr -s ' ' | cut -d' ' -f1-4
            dvm sessions attach ${id: -4} app </dev/null | while read -r line; do echo "$line"; touch "$GO"; done
            echo "status ${PIPESTATUS[0]}"
            dvm sessions; dvm sessions --all --json | grep -c "\"id\" : \"$id\""
            dvm sessions show $id app | sed "s/$id/ID/"
            """#
        let go = host.vm.outside(host.vm.project + "/go")
        let outcome = try host.run("GO='\(go)'\n" + script)
        var lines = outcome.output.replacing("\r\n", with: "\n").split(
            separator: "\n",
            omittingEmptySubsequences: false
        ).map(String.init)
        // Times, and what other parts of a session tell.
        lines.removeAll { line in ["started ", "ended ", "notice "].contains { line.hasPrefix($0) } }

        #expect(
            lines
                == [
                    "attach ID app", "SESSION VM TOOL STATE", "ID app shell running", "hello", "?[1mbye?[0m",
                    "status 5", "1",
                    "session       ID", "tool          shell",
                    "command       /bin/bash --norc -c echo hello; until [ -e go ]; do sleep 0.05; done; printf "
                        + #""\033[1mbye\033[0m\n"; exit 5"#,
                    "directory     /workspace", "asked for by  dvm on the host", "state         ended with 5", "",
                    "hello",
                    "bye", "", "",
                ].map { $0.replacing("?[", with: "\u{1B}[") }
        )
        #expect(outcome.errors.contains("no session runs"))
    }

    @Test(
        arguments: [
            // Left running, and held by a dvm that has it.
            "dvm ai shell app --detach -- --norc -c 'sleep 600' >left 2>&1",
            "\"$DVM\" ai shell app -- --norc -c 'echo ready; sleep 600' >held 2>&1 & until grep -qs ready held; do sleep 0.05; done",
        ]
    )
    func `a session that runs is work, and keeps its VM`(start: String) throws {
        let outcome = try host.run(
            """
            dvm work app >/dev/null; echo "before: $?"; \(start)
            id=$(dvm sessions | tail -n 1 | cut -d' ' -f1)
            dvm work app | sed "s/$id/ID/"; echo "work: ${PIPESTATUS[0]}"
            dvm rm app --yes; echo "rm: $?"
            dvm sessions kill $id app >/dev/null 2>&1; dvm work app >/dev/null; echo "after: $?"
            """
        )
        #expect(
            outcome.output == """
                before: 0
                ✗ a session of shell runs: ID

                there is work in \(host.vm.project) that is nowhere else (0 repositories)
                work: 1
                rm: 1
                after: 0

                """,
            "\(outcome.errors)"
        )
        #expect(
            outcome.errors.contains("dvm: error: app holds work that is nowhere else:\n  ✗ a session of shell runs: ")
        )
        #expect(host.fixture.read("calls")?.contains("delete") != true)
    }

    @Test func `what a session leaves to tell is told after its end, as the VM's word and harmless`() throws {
        try host.vm.configure(#""limits":{"seconds":1}"#)
        let outcome = try host.run("dvm ai shell app -- --norc -c 'while :; do sleep 1; done'")

        #expect(outcome.status == 137)
        #expect(
            outcome.errors
                == "dvm: app says: warning: the session was ended after the time it was given, which DVM_AI_TIME sets\n"
        )
    }

    @Test func `a session that nobody knows is refused with where to look`() throws {
        let outcome = try host.run("dvm sessions kill ffff app")
        #expect(
            outcome
                == .init(
                    status: 1,
                    output: "",
                    errors: """
                        dvm: error: there is no session “ffff” in this VM
                        hint: `dvm sessions --all` lists them

                        """
                )
        )
    }

    @Test func `a limit that was asked for is kept, or refuses the start`() throws {
        // Whether a machine keeps it is its kernel's matter: one may have these controllers in the first version's tree.
        let isKept = try host.run("dvm ssh app -- cat /sys/fs/cgroup/cgroup.controllers").output.contains("memory")
        try host.vm.configure(#""limits":{"memory":1073741824}"#)
        let outcome = try host.run("dvm ai shell app -- --norc -c 'echo started'")

        #expect(outcome.output == (isKept ? "started\n" : ""))
        #expect(outcome.status == (isKept ? 0 : 1))
        #expect(outcome.errors.contains("this VM's kernel cannot keep DVM_AI_MEMORY") == !isKept)
    }
}
