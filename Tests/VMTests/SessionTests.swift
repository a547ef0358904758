import DVMProtocol
import Foundation
import Testing

extension VMTests {
    @Suite(.serialized) struct `Sessions in a VM` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        /// Starts a session that stays, and returns its name.
        private func start(_ script: String) throws -> String {
            let outcome = try vm.dvm("ai", "shell", vm.name, "--detach", "--", "-c", script)
            return try #require(outcome.lines.first, "\(outcome.complaint)")
        }

        private func running() throws -> [String] {
            let text = try vm.dvm("sessions", vm.name, "--json").text
            struct Row: Decodable { var session: SessionSummary }
            return try JSONDecoder().decode([Row].self, from: Data(text.utf8)).map(\.session.id.text)
        }

        /// Two seconds are the promise, on a computer that is not emulated; tenfold slack.
        private func expectAnswer() throws {
            let start = ContinuousClock.now
            #expect(try vm.dvm("ssh", vm.name, "--", "true").status == 0)
            #expect(ContinuousClock.now - start < .seconds(20))
        }

        /// A part of `settings.json`, changed by root for the time of a test, as `sync` would.
        private func limited(_ limits: String, _ body: () throws -> Void) throws {
            let file = "/var/lib/dvm/settings.json"
            let change = #"tr -d ' \n' <\#(file).kept | sed 's/"limits":{[^}]*}/"limits":{\#(limits)}/' >\#(file)"#
            try vm.altered(
                "cp -p \(file) \(file).kept; \(change); grep -q '\(limits)' \(file)",
                back: "mv \(file).kept \(file)",
                body
            )
        }

        @Test func `one that is left goes on when everything that started it is gone`() throws {
            let id = try start("echo before; until [ -e go ]; do sleep 0.2; done; echo after; sleep 86000")
            #expect(try running() == [id])
            // The login it came through is taken down as a strict VM does it.
            let scopes =
                "for scope in /sys/fs/cgroup/user.slice/user-*.slice/session-*.scope; do echo 1 >$scope/cgroup.kill; done"
            // To the second: systemd otherwise runs a timer within a minute, and this one would end a later command's login.
            let timer = "--on-active=1 --timer-property=AccuracySec=100ms"
            try vm.root("systemd-run -q --collect --unit=logout \(timer) /bin/sh -c '\(scopes)'")
            Thread.sleep(forTimeInterval: 5)
            #expect(try running() == [id])

            try vm.developer("touch go")
            let terminal = try vm.terminal("sessions", "attach", String(id.suffix(4)), vm.name)
            try terminal.expect("after")
            terminal.type("\u{1C}")
            #expect(try terminal.exit() == 0)
            #expect(try running() == [id])

            // What counts is that it is gone; `Sessions, over pipes` looks at the answer.
            _ = try vm.dvm("sessions", "kill", id, vm.name)
            #expect(try running() == [])
            try vm.developer("rm go")
            let shown = try vm.dvm("sessions", "show", id, vm.name)
            #expect(shown.text.contains("before\nafter"), "\(shown.text) \(shown.complaint)")
            #expect(try vm.root("ls /sys/fs/cgroup/dvm/agents | grep -c \(id) || true") == "0\n")
        }

        @Test func `one started in the VM outlives the service that started it`() throws {
            let outcome = try vm.developer("cd; dvm-guest ask shell --detach -- -c 'sleep 86001'")
            let id = try #require(outcome.lines.first, "\(outcome.complaint)")
            // Its `serve` has ended with its connection, and systemd killed what was left in the service's group.
            #expect(try running() == [id])
            #expect(try vm.developer("dvm-guest sessions").text.contains(id))
            #expect(try vm.developer("dvm-guest sessions kill \(id)").status == 0)
            #expect(try running() == [])
        }

        @Test func `a fork bomb leaves the VM answering, and is told`() throws {
            try limited(#""tasks":200"#) {
                let program = try vm.start(["ai", "shell", vm.name, "--", "-c", "b() { b | b & }; b; sleep 86002"])
                let deadline = ContinuousClock.now + .seconds(60)
                let full = "cat /sys/fs/cgroup/dvm/agents/*/pids.current 2>/dev/null || echo 0"
                while try Int(vm.root(full).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0 < 150 {
                    try #require(ContinuousClock.now < deadline)
                }
                try expectAnswer()
                let id = try #require(try running().first)
                #expect(try vm.dvm("sessions", "kill", id, vm.name).status == 0)
                #expect(try program.finish().complaint.contains("DVM_AI_TASKS"))
                try expectAnswer()
            }
        }

        @Test func `a program that eats memory ends its session, is told, and leaves the VM answering`() throws {
            try limited(#""memory":134217728"#) {
                let hog = "x=$(head -c 400000000 /dev/zero | tr '\\0' x); echo survived"
                let outcome = try vm.agent(hog)
                #expect(!outcome.text.contains("survived"))
                #expect(outcome.status == 137)
                #expect(outcome.complaint.contains("DVM_AI_MEMORY"), "\(outcome.complaint)")
                try expectAnswer()
            }
            // The same, as far as it goes, within usual limits.
            #expect(try vm.agent("x=$(head -c 40000000 /dev/zero | tr '\\0' x); echo survived").text == "survived\n")
        }

        /// What holds without a word about limits: the first program only forks, the second only takes memory.
        @Test(
            arguments: [
                (
                    "mkfifo /tmp/f; dash -c 'i=0; while [ $i -lt 40000 ]; do : </tmp/f & i=$((i+1)); done' || echo held",
                    "held\n", "DVM_AI_TASKS"
                ),
                ("head -c 100G /dev/zero | tail -c 100G; echo survived", "", "DVM_AI_MEMORY"),
            ]
        )
        func `usual limits end what takes all it can get, and leave the VM answering`(
            program: String,
            said: String,
            variable: String
        ) throws {
            let outcome = try vm.agent(program)
            #expect(outcome.text == said)
            #expect(outcome.complaint.contains(variable), "\(outcome.complaint)")
            try expectAnswer()
        }

        @Test func `a full directory in memory is an error and not the end`() throws {
            try limited(#""memory":134217728"#) {
                let fill =
                    "head -c 100000000 /dev/zero >/tmp/large; echo $?; rm /tmp/large; echo x >/tmp/small; cat /tmp/small"
                #expect(try vm.agent(fill).lines == ["1", "x"])
                try expectAnswer()
            }
        }

        @Test func `the processor is left to others`() throws {
            try limited(#""processorHundredths":10"#) {
                let id = try start("while :; do :; done")
                let stat = "sleep 5; awk '$1 == \"nr_throttled\" {print $2}' /sys/fs/cgroup/dvm/agents/\(id)/cpu.stat"
                #expect(try Int(vm.root(stat).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0 > 0)
                try expectAnswer()
                #expect(try vm.dvm("sessions", "kill", id, vm.name).status == 0)
            }
        }
    }
}
