import DVMProtocol
import Foundation
import Testing

extension VMTests {
    @Suite struct `An agent in its sandbox` {
        let vm: TestVM

        init() throws { vm = try VirtualMachines.current.shared }

        // MARK: Files

        @Test func `what it makes in the project is the developer's`() throws {
            try vm.developer("rm -rf shared; mkdir shared; echo from-developer >shared/old")
            let made = try vm.agent("cd shared && echo from-agent >new && echo more >>old && stat -c %U new && id -un")
            #expect(made.lines == ["dvm-agent", "dvm-agent"], "\(made.complaint)")

            let found = try vm.developer("cd shared && stat -c %U new && echo more >>new && cat new old")
            #expect(found.lines == [vm.user, "from-agent", "more", "from-developer", "more"])
        }

        @Test func `it finds nothing of the developer's home`() throws {
            try vm.developer("mkdir -p -m 700 ~/.ssh; echo CANARY-KEY >~/.ssh/id_canary; chmod 600 ~/.ssh/id_canary")
            let look = "cat \(vm.userHome)/.ssh/id_canary; find \(vm.userHome) -type f; cat \(vm.userHome)/.bashrc"
            #expect(try vm.developer(look).text.contains("CANARY-KEY"))

            let found = try vm.agent(look)
            #expect(found.text == "")
            #expect(found.status != 0)
        }

        @Test func `it finds neither the way out nor what the host left in the VM`() throws {
            let paths = [
                "/run/dvm/agent.sock", "/run/dvm/door.sock", "/mnt/lima-cidata", "/sys/kernel", "/etc/shadow", "/root",
                "/var/lib/dvm",
                "/run/systemd", "/dev/vda",
            ]
            let look = "for path in \(paths.joined(separator: " ")); do [ -e $path ] && echo $path; done; true"
            // They are there for whoever may see them.
            #expect(try vm.root(look).split(separator: "\n").map(String.init) == paths)

            #expect(try vm.agent(look).lines == [])
        }

        @Test func `it has no way to more rights, and a filter`() throws {
            let look = #"grep -E '^(NoNewPrivs|Seccomp|CapBnd|CapEff):' /proc/self/status | tr -d '\t'; sudo -n true"#
            let developer = try vm.developer(look).lines
            #expect(developer.contains("NoNewPrivs:0") && developer.contains("Seccomp:0"))
            #expect(!developer.contains("CapBnd:0000000000000000"))

            let agent = try vm.agent(look)
            #expect(
                Set(agent.lines) == [
                    "NoNewPrivs:1", "Seccomp:2", "CapBnd:0000000000000000", "CapEff:0000000000000000",
                ]
            )
            #expect(agent.status != 0)
        }

        @Test func `it cannot signal or see what runs outside`() throws {
            let marker = "86400.\(UInt32.random(in: 1_000_000...9_999_999))"
            let start = "systemd-run -q --collect --unit=bystander --uid=dvm-agent sleep \(marker)"
            try vm.altered(start, back: "systemctl stop bystander") { () throws in
                let look = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"
                #expect(try vm.developer(look).text.contains(marker))
                #expect(try !vm.agent(look).text.contains(marker))
            }
        }

        // MARK: Variables

        @Test func `it gets the variables that were named and no others`() throws {
            let variables = ["NAMED": "handed on", "UNNAMED": "kept back", "ANTHROPIC_API_KEY": "another tool's"]
            let outcome = try vm.dvm(
                "ai",
                "shell",
                vm.name,
                "--env",
                "NAMED",
                "--",
                "-c",
                "env",
                environment: variables
            )

            #expect(outcome.lines.contains("NAMED=handed on"))
            #expect(!outcome.text.contains("kept back") && !outcome.text.contains("another tool's"))
        }

        @Test func `a variable that is not set cannot be named`() throws {
            let outcome = try vm.dvm("ai", "shell", vm.name, "--env", "NOT_SET", "--", "-c", "true")

            #expect(outcome.status == 64)
            #expect(outcome.complaint.contains("NOT_SET"))
        }

        @Test func `no process shows a variable's value, neither here nor in the VM`() throws {
            let canary = "canary\(UInt64.random(in: 0...(.max)))"
            let program = try vm.start(
                ["ai", "shell", vm.name, "--env", "CANARY", "--", "-c", #"echo "$CANARY"; sleep 300"#],
                environment: ["CANARY": canary]
            )
            // It does arrive.
            _ = try program.writes { $0.text.contains(canary) }

            #expect(HostProcesses.naming(canary, in: "cmdline") == [])
            #expect(HostProcesses.naming(canary, in: "environ") == [program.pid])
            let arguments = try vm.root("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' || true")
            #expect(arguments.contains("dvm-guest"))
            #expect(!arguments.contains(canary))
        }

        // MARK: Sessions

        @Test func `its exit status and its death by a signal are told`() throws {
            #expect(try vm.agent("exit 9").status == 9)
            #expect(try vm.agent("kill -TERM $$").status == 143)
        }

        @Test func `Ctrl-C reaches what runs on its terminal`() throws {
            let terminal = try vm.terminal("ai", "shell", vm.name, "--", "-c", "tty; echo run''ning; exec sleep 300")
            #expect(try terminal.expect("running").contains("/dev/"))
            terminal.type("\u{3}")

            #expect(try terminal.exit() == 130)
            #expect(terminal.isOrdinary)
        }

        @Test func `it is gone when the link is killed, and the developer's background program is not`() throws {
            let marks = (0..<2).map { _ in "86400.\(UInt32.random(in: 1_000_000...9_999_999))" }
            let developer = try vm.developer("setsid sleep \(marks[0]) </dev/null >/dev/null 2>&1 & sleep 0.2")
            #expect(developer.status == 0)
            let agent = try vm.start([
                "ai", "shell", vm.name, "--", "-c", "setsid sleep \(marks[1]) & echo ready; wait",
            ])
            _ = try agent.writes { $0.text.contains("ready") }

            func runs(_ mark: String) throws -> Bool {
                try vm.root("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' || true").contains("sleep \(mark)")
            }
            for mark in marks { #expect(try runs(mark)) }

            cutLink(of: agent)
            // Two seconds are the promise; this is with tenfold slack.
            let deadline = ContinuousClock.now + .seconds(20)
            while try runs(marks[1]), ContinuousClock.now < deadline { usleep(200_000) }
            #expect(try !runs(marks[1]))
            #expect(try runs(marks[0]))
            let outcome = try agent.finish()
            #expect(outcome.status == 1)
            #expect(outcome.complaint.contains("the tool in it was stopped"), "\(outcome.complaint)")
            // In brackets, so that the pattern does not match its own command line.
            try vm.developer("pkill -f 'sleep \(marks[0].replacing(".", with: "[.]"))'")
        }

        // MARK: From within the VM

        @Test func `a wrapper starts it where the developer is`() throws {
            let outcome = try vm.developer(
                """
                mkdir -p deep/er && cd deep/er && echo typed | shell -c 'pwd; id -un; cat; exit 6'; echo "status $?"
                cd / && shell -c pwd; cd /workspace/deep && shell -c pwd
                """
            )

            #expect(
                outcome.lines == [
                    "/workspace/deep/er", "dvm-agent", "typed", "status 6", "/workspace", "/workspace/deep",
                ],
                "\(outcome.complaint)"
            )
        }

        @Test func `paths of the project outside mean the same inside`() throws {
            #expect(try vm.agent("cd \(vm.project) && pwd -P").lines == ["/workspace"])
        }

        @Test func `a wrapper hands on named variables only`() throws {
            let outcome = try vm.developer(
                "export NAMED=handed-on UNNAMED=kept-back; dvm-guest ask shell --env NAMED -- -c env"
            )

            #expect(outcome.lines.contains("NAMED=handed-on"), "\(outcome.complaint)")
            #expect(!outcome.text.contains("kept-back"))
        }

        // MARK: The socket

        /// What a request made by hand comes to on the agents' socket.
        private enum Answer: Equatable {
            case started, refused(String)
            /// The launcher ended without a word.
            case turnedAway
            /// The kernel lets the account not even connect.
            case notLetIn
        }

        /// Connects as an account, and asks.
        private func ask(_ request: Request, as account: String) throws -> Answer {
            let relay = """
                import os, pwd, select, socket, sys
                account = pwd.getpwnam(sys.argv[1])
                os.setgroups([]); os.setgid(account.pw_gid); os.setuid(account.pw_uid)
                link = socket.socket(socket.AF_UNIX)
                try: link.connect("/run/dvm/agent.sock")
                except PermissionError: sys.exit(13)
                while True:
                    for end in select.select([0, link], [], [])[0]:
                        bytes = os.read(0, 65536) if end == 0 else link.recv(65536)
                        if not bytes: sys.exit(0)
                        if end == 0: link.sendall(bytes)
                        else: os.write(1, bytes)
                """
            let frames = [
                try Frame(.hello, channel: 0, json: Hello(time: Date().timeIntervalSince1970)),
                try Frame(.open, channel: 1, json: request),
            ]
            let words = ["sudo", "-n", "/usr/bin/python3", "-c", relay, account]
            let program = try vm.startAsControl(words)
            let outcome = try program.writes(typing: frames.flatMap(\.bytes)) { Self.answer(in: $0.output) != nil }
            program.closeInput()
            _ = try program.finish()
            if let answer = Self.answer(in: outcome.output) { return answer }
            return outcome.status == 13 ? .notLetIn : .turnedAway
        }

        private static func answer(in bytes: [UInt8]) -> Answer? {
            var scanner = GreetingScanner()
            guard case .greeted(_, let rest) = scanner.feed(bytes[...]) else { return nil }
            var decoder = FrameDecoder(from: .guest)
            decoder.feed(rest[...])
            while let frame = try? decoder.next() {
                switch frame.kind {
                case .opened: return .started
                case .refused: return .refused((try? frame.json(Refusal.self).message) ?? "")
                default: continue
                }
            }
            return nil
        }

        @Test func `the socket starts tools and checks for the developer, and nothing for anybody else`() throws {
            let tool = Request.program(Program(.tool(name: "shell", arguments: ["-c", "true"])))
            #expect(try ask(tool, as: vm.user) == .started)

            #expect(try ask(.task(.doctor), as: vm.user) == .started)

            let only = Answer.refused(
                "this socket starts AI tools in their sandbox, and the checks of `dvm-guest doctor`"
            )
            #expect(try ask(.program(Program(.words(["/usr/bin/id"]))), as: vm.user) == only)
            #expect(try ask(.program(Program(.loginShell)), as: vm.user) == only)
            #expect(try ask(.task(.work), as: vm.user) == only)
            let provision = Provision(hostName: "taken", user: vm.user, codeDirectory: "~/code/taken")
            #expect(try ask(.task(.provision(provision)), as: vm.user) == only)

            #expect(try ask(tool, as: "nobody") == .notLetIn)
            #expect(try ask(tool, as: "dvm-agent") == .notLetIn)
            // The kernel lets root connect to anything; the launcher looks who it is.
            #expect(try ask(tool, as: "root") == .turnedAway)
        }
    }
}
