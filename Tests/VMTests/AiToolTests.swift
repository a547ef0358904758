import DVMProtocol
import Foundation
import TestSupport
import Testing

extension VMTests {
    /// The real programs, against a model that always wants the same command run.
    @Suite struct `The AI tools themselves` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        /// Installs a tool and starts the model in the VM; returns its address.
        private func prepare(_ tool: String, command: String) throws -> String {
            let script = Products.repository.appending(path: "scripts/install-tool").path
            let installed = try vm.host(script, tool, vm.instance, within: .seconds(1200))
            try #require(installed.status == 0, "\(installed.text) \(installed.complaint)")

            let port = 8777
            let server = Products.repository.appending(path: "Tests/Support/model-server/model-server")
            try vm.place(Array(Data(contentsOf: server)), at: "/usr/local/libexec/model-server", mode: "0755")
            try vm.place(Array(command.utf8), at: "/var/lib/model-command", mode: "0644")
            try vm.root(
                """
                systemctl is-active -q model && exit 0
                systemd-run -q --collect --unit=model \
                    /usr/local/libexec/model-server --port \(port) --command-file /var/lib/model-command
                for i in $(seq 300); do (exec 3<>/dev/tcp/127.0.0.1/\(port)) 2>/dev/null && exit 0; sleep 0.2; done
                exit 1
                """
            )
            return "http://127.0.0.1:\(port)"
        }

        /// What the model wants: a file in the project, and the developer's key.
        ///
        /// A tool may print the command, which must not look like what it prints.
        private func command(_ tool: String) -> String {
            "echo made by \(tool) >made-by-\(tool); echo told; cat \(vm.userHome)/.ssh/id_canary && echo STO''LEN"
        }

        private func plantKey() throws {
            try vm.developer("mkdir -p -m 700 ~/.ssh; echo CANARY-KEY >~/.ssh/id_canary")
            #expect(try vm.developer("cat \(vm.userHome)/.ssh/id_canary").lines == ["CANARY-KEY"])
        }

        /// Looks at the end of a turn and at what it left.
        private func check(_ tool: String, _ outcome: RunningProgram.Outcome) throws {
            #expect(outcome.status == 0, "\(outcome.complaint.suffix(2000))")
            // The model's last words quote what its command printed.
            #expect(outcome.text.contains("DONE: ") && outcome.text.contains("told"), "\(outcome.text.suffix(2000))")
            #expect(outcome.text.contains("id_canary: No such file or directory"), "\(outcome.text.suffix(2000))")
            for said in [outcome.text, outcome.complaint] {
                #expect(!said.contains("CANARY-KEY") && !said.contains("STOLEN"))
            }
            let left = try vm.developer(
                """
                stat -c %U made-by-\(tool); echo edited >>made-by-\(tool); cat made-by-\(tool); rm made-by-\(tool)
                """
            )
            #expect(left.lines == [vm.user, "made by \(tool)", "edited"], "\(left.complaint)")
        }

        /// Does something under a profile of system calls, which root sets as `sync` would.
        private func under(_ profile: AgentPolicy.SystemCalls, _ body: () throws -> Void) throws {
            guard profile != .standard else { return try body() }
            // What it takes away or gives: to be traced, or to make a namespace.
            let (difference, usual, then) =
                profile == .strict
                ? ("/usr/bin/python3 -c 'import ctypes; print(ctypes.CDLL(None).ptrace(0, 0, 0, 0))'", "0", "-1")
                : ("unshare --user true 2>/dev/null && echo made || echo refused", "refused", "made")
            #expect(try vm.agent(difference).lines == [usual])
            let file = "/var/lib/dvm/settings.json"
            let other = #""systemCalls":"\#(profile.rawValue)""#
            try vm.altered(
                """
                cp -p \(file) \(file).kept
                tr -d ' \\n' <\(file).kept | sed 's/"systemCalls":"default"/\(other)/' >\(file); grep -q '\(other)' \(file)
                """,
                back: "mv \(file).kept \(file)"
            ) {
                #expect(try vm.agent(difference).lines == [then])
                try body()
            }
        }

        @Test func `Claude Code does a whole turn`() throws { try claude(under: .standard) }

        @Test func `Codex does a whole turn`() throws { try codex(under: .standard) }

        @Test(arguments: [AgentPolicy.SystemCalls.strict, .nested])
        func `both do a whole turn with other system calls`(profile: AgentPolicy.SystemCalls) throws {
            try claude(under: profile)
            try codex(under: profile)
        }

        private func claude(under profile: AgentPolicy.SystemCalls) throws {
            try plantKey()
            let address = try prepare("claude", command: command("claude"))

            try under(profile) {
                let outcome = try vm.dvm(
                    "ai",
                    "claude",
                    vm.name,
                    "--",
                    "-p",
                    "go",
                    environment: ["ANTHROPIC_BASE_URL": address, "ANTHROPIC_API_KEY": "not-a-key"],
                    within: .seconds(900)
                )
                try check("claude", outcome)
            }
        }

        private func codex(under profile: AgentPolicy.SystemCalls) throws {
            try plantKey()
            let address = try prepare("codex", command: command("codex"))

            let provider = [
                "name=x", "base_url=\(address)/v1", "env_key=OPENAI_API_KEY", "wire_api=responses",
            ].flatMap { ["-c", "model_providers.x.\($0)"] }
            try under(profile) {
                let program = try vm.start(
                    ["ai", "codex", vm.name, "--", "exec", "--skip-git-repo-check"] + provider
                        + ["-c", "model_provider=x", "go"],
                    environment: ["OPENAI_API_KEY": "not-a-key"]
                )
                try check("codex", program.finish(within: .seconds(900)))
            }
        }

        /// It calls no tools: its answer is the end of the turn.
        @Test(arguments: AgentPolicy.SystemCalls.allCases)
        func `Aider answers`(profile: AgentPolicy.SystemCalls) throws {
            let address = try prepare("aider", command: "true")

            try under(profile) {
                let outcome = try vm.dvm(
                    "ai",
                    "aider",
                    vm.name,
                    "--",
                    "--model",
                    "openai/fake",
                    "--no-git",
                    "--message",
                    "go",
                    environment: ["OPENAI_API_BASE": "\(address)/v1", "OPENAI_API_KEY": "not-a-key"],
                    within: .seconds(900)
                )

                #expect(outcome.status == 0, "\(outcome.complaint.suffix(2000))")
                #expect(outcome.text.contains("No shell tool was offered."), "\(outcome.text.suffix(2000))")
            }
        }

        /// It needs a Python that Debian 12 does not have.
        @Test(arguments: AgentPolicy.SystemCalls.allCases)
        func `Vibe does a whole turn`(profile: AgentPolicy.SystemCalls) throws {
            try plantKey()
            let address = try prepare("mistral", command: command("mistral"))
            let settings = """
                active_model = "test"
                [[providers]]
                name = "test"
                api_base = "\(address)/v1"
                api_key_env_var = "MISTRAL_API_KEY"
                api_style = "openai"
                backend = "generic"
                [[models]]
                name = "test"
                alias = "test"
                provider = "test"
                """
            let home = "/var/lib/dvm-agent/mistral/.vibe"
            // A tool's home is root's, and its state in it the agent's.
            try vm.root("install -d -m 755 $(dirname \(home)); install -d -o dvm-agent -g dvm-agent -m 700 \(home)")
            try vm.place(Array(settings.utf8), at: "\(home)/config.toml", mode: "0644")

            try under(profile) {
                let outcome = try vm.dvm(
                    "ai",
                    "vibe",
                    vm.name,
                    "--",
                    "-p",
                    "go",
                    environment: ["MISTRAL_API_KEY": "not-a-key"],
                    within: .seconds(900)
                )

                try check("mistral", outcome)
            }
        }

        @Test func `a tool that is not installed is refused with what to do`() throws {
            let place = "/usr/local/libexec/dvm/tools/claude"
            func move(_ from: String, _ to: String) -> String { "test ! -e \(from) || mv \(from) \(to)" }
            try vm.altered(move(place, "\(place).away"), back: move("\(place).away", place)) {
                let outcome = try vm.dvm("ai", "claude", vm.name, "--", "-p", "go")

                #expect(outcome.status == 1)
                #expect(outcome.complaint.contains("claude is not installed"), "\(outcome.complaint)")
                #expect(outcome.complaint.contains("hint: "))
            }
        }

        @Test func `a tool nobody knows is refused with the nearest name`() throws {
            let outcome = try vm.dvm("ai", "cluade", vm.name)

            #expect(outcome.status == 64)
            #expect(outcome.complaint.contains("did you mean claude?"))
        }
    }
}
