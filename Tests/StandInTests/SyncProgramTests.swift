import ArgumentParser
import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `dvm sync, end to end` {
    let stage: SyncStage

    init() throws {
        stage = try SyncStage("use node\n")
        try stage.recipe("node")
    }

    @Test func `says what it did`() throws {
        let outcome = try stage.run(#""$DVM" sync app"#)
        #expect(outcome.status == 0)
        #expect(outcome.output == "")
        #expect(
            outcome.errors.hasSuffix(
                """
                ✓ finishing
                ✓ app is ready: ran node
                  dvm sh app  a shell in /home/developer/code/app

                """
            )
        )
    }

    @Test(
        arguments: [
            (
                "use node\n",
                "  dvm sh app   a shell in /home/developer/code/app\n  dvm recipes  what its configuration can `use`, AI tools too: helper, other\n"
            ),
            (
                "use other\n",
                "  dvm sh app         a shell in /home/developer/code/app\n  dvm ai second app  an AI tool in its sandbox\n"
            ),
        ]
    )
    func `proposes only what the VM has, or how to get it`(configuration: String, end: String) throws {
        try stage.recipe("helper", nil, "tools: first")
        try stage.recipe("other", nil, "tools: second")
        // Whoever took this suggestion would be refused.
        try stage.recipe("lacking", nil, "tools: third", "vars: DVM_LACKING_SHA256!")
        try stage.fixture.write("config/vms/app.sh", configuration)
        let outcome = try stage.run(#""$DVM" sync app"#)
        #expect(outcome.errors.hasSuffix("\n\(end)"), "\(outcome.errors)")
    }

    /// dvm-behaviour.md §22 #5: the lock was let go, and what worked on the VM went on.
    @Test(arguments: [("INT", 130), ("TERM", 143), ("HUP", 129)] as [(String, Int32)])
    func `ends its unit before it ends, and goes on the next time`(signal: String, status: Int32) throws {
        try stage.recipe("node", "said begun; echo $$ >\(stage.fixture.root)/pid; sleep 60 & wait")
        // With job control: else a shell has what it starts in the background ignore Ctrl-C.
        let script = """
            set -m
            "$DVM" sync app &
            until [ -s pid ]; do sleep 0.05; done
            kill -\(signal) $!; wait $!; status=$?
            # Nothing of it is left by now, so that whoever takes the lock next has the VM for itself.
            if kill -0 "$(cat pid)" 2>/dev/null; then echo alive; fi
            exit $status
            """
        let outcome = try stage.run(script)
        #expect(outcome.status == status)
        #expect(outcome.output == "")
        // Bash, too, says that the job has ended.
        #expect(outcome.errors.contains("✗ node\ndvm: interrupted; `dvm sync app` goes on where this stopped\n"))
        #expect(stage.lines("vm/dvm-app/ended") == ["node"])

        try stage.recipe("node")
        #expect(try stage.run(#""$DVM" sync app"#).status == 0)
        #expect(stage.said() == ["begun", "node"])
    }

    @Test func `ends limactl before it ends`() throws {
        try stage.fixture.write("pause-start", "1")
        // With job control: else a shell has what it starts in the background ignore Ctrl-C.
        let script = """
            set -m
            "$DVM" sync app &
            until grep -qs '^start' calls; do sleep 0.05; done
            kill -INT $!; wait $!; status=$?
            if pgrep -f "$ROOT/bin/limactl start" >/dev/null; then echo alive; fi
            exit $status
            """
        let outcome = try stage.run(script)
        #expect(outcome.status == 130)
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("dvm: interrupted; `dvm sync app` goes on where this stopped\n"))
    }

    @Test func `does not hear what it was started not to hear`() throws {
        try stage.recipe("node", "said begun; sleep 1; said node")
        let script = """
            trap '' HUP
            "$DVM" sync app &
            until grep -qs begun vm/dvm-app/said; do sleep 0.05; done
            kill -HUP $!; wait $!
            """
        #expect(try stage.run(script).status == 0)
        #expect(stage.said() == ["begun", "node"])
    }

    @Test(
        arguments: [
            ("INT", 130), ("TERM", 143), ("HUP", 129),
            // Nobody sends anything: the recipe fails by itself.
            (nil, 1),
        ] as [(String?, Int32)]
    )
    func `gives the cursor back however it ends, and draws nothing afterwards`(signal: String?, status: Int32) throws {
        try stage.recipe("node", "echo one; echo two; \(signal == nil ? "sleep 1; exit 3" : "sleep 60 & wait")")
        let ending =
            signal.map { #"pid=$(cat pid); [ "$pid" -gt 1 ] && kill -\#($0) "$pid""# } ?? "true"
        let script = #"""
            export TERM=xterm
            (until grep -qs two state/dvm/app/node.log; do sleep 0.05; done; sleep 0.5
             \#(ending)) &
            script -qec 'echo $$ >pid; exec "$DVM" sync app' typescript >/dev/null </dev/null
            """#
        #expect(try stage.run(script).status == status)
        let typed = try #require(stage.fixture.read("typescript"))
        let last = try #require(typed.ranges(of: "\u{1B}[?25h").last)
        #expect(typed.contains("\u{1B}[?25l"))
        #expect(!typed[last.upperBound...].contains("\u{1B}[?25l"))
        #expect(typed.contains("\u{1B}[2m  two\u{1B}[22m"))
    }

    @Test func `waits for the person to register the VM's key`() throws {
        try stage.fixture.write("config/vms/app.sh", "use node\nDVM_REPO=git@example.org:app.git\n")
        try stage.fixture.write("vm/dvm-app/refuses-clone", "")
        let script = #"""
            export TERM=xterm
            # Typed before anything was asked, it is no answer.
            (echo; until grep -qs 'press Enter' typescript; do sleep 0.05; done; sleep 0.3; echo; sleep 5) |
              script -qefc '"$DVM" sync app' typescript >/dev/null
            """#
        #expect(try stage.run(script).status == 0)
        #expect(stage.asked().suffix(3) == ["clone", "clone", "settle"])
        let typed = try #require(stage.fixture.read("typescript"))
        #expect(typed.contains("dvm: error: app says: the server knows no key of this VM"))
        #expect(typed.contains("hint: app says: register ssh-ed25519 A"))
        #expect(typed.contains("✓ code of git@example.org:app.git"))
    }

    @Test func `does not wait where nobody can answer`() throws {
        try stage.fixture.write("config/vms/app.sh", "use node\nDVM_REPO=git@example.org:app.git\n")
        try stage.fixture.write("vm/dvm-app/refuses-clone", "")
        let outcome = try stage.run(#""$DVM" sync app"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("dvm: error: app says: the server knows no key of this VM"))
        #expect(try stage.run(#""$DVM" sync app"#).status == 0)
        #expect(stage.said() == ["node"])
    }

    // MARK: Dry run

    /// dvm-behaviour.md §21: 45, 46, 69.
    @Test(arguments: ["--dry-run", ""])
    func `tells what it would do, and asks nobody`(option: String) throws {
        try stage.recipe("tunnel", nil, "secrets: TUNNEL_TOKEN", "as: root")
        try stage.fixture.write("config/vms/app.sh", "use node\nuse tunnel\nDVM_MEMORY=8\n")
        let before = Files.names(in: FilePath(stage.fixture.root))
        let outcome = try stage.run(
            "\"$DVM\" sync app \(option)",
            ["TUNNEL_TOKEN": "canary"].merging(option.isEmpty ? ["DVM_DRY_RUN": "1"] : [:]) { _, new in new }
        )
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        for line in ["memory        8GiB", "run node as root: new", "run tunnel as root: new"] {
            #expect(outcome.output.contains(line))
        }
        #expect(outcome.output.contains("secret TUNNEL_TOKEN from the variable TUNNEL_TOKEN"))
        #expect(!outcome.output.contains("canary"))
        #expect(stage.fixture.read("calls") == nil)
        #expect(Set(Files.names(in: FilePath(stage.fixture.root))).subtracting(before) == ["err", "out"])
    }

    @Test(arguments: ["sync", "update"])
    func `tells what it would do to programs, too`(verb: String) throws {
        struct Line: Decodable, Equatable {
            var event: String
            var vm, step, text, hint: String?
        }
        try stage.recipe("node", nil, "vars: DVM_NODE_VERSION")
        try stage.fixture.write("config/vms/app.sh", "use node\nDVM_NODE_VERSION=$'20\\e[m'\n")
        try stage.fixture.write("config/vms/bad.sh", "DVM_CPUS=x\n")
        let outcome = try stage.run("\"$DVM\" \(verb) --all --json --dry-run")
        #expect(outcome.status == 1)
        #expect(outcome.errors == "")
        #expect(!outcome.output.contains("\u{1B}"))
        let lines = try outcome.output.split(separator: "\n").map { try JSON.decode(Line.self, from: Array($0.utf8)) }
        #expect(lines.dropLast().allSatisfy { $0.event == "planned" && $0.vm == "app" }, "\(lines)")
        let unit = try #require(lines.first { $0.step == "run node as root: new" })
        #expect(unit.text?.hasSuffix("\nDVM_NODE_VERSION=20\\u{1b}[m") == true, "\(unit)")
        #expect(lines.count > 4 && lines.last?.event == "refused" && lines.last?.vm == "bad")
        #expect(stage.fixture.read("calls") == nil)
    }

    @Test func `tells what it would be refused with`() throws {
        try stage.recipe("node", nil, "secrets: NODE_TOKEN")
        let outcome = try stage.run(#""$DVM" sync app --dry-run"#)
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("secret NODE_TOKEN from nowhere: it is not there"))
        #expect(outcome.errors.hasPrefix("dvm: error: node needs the secret NODE_TOKEN, which is not there\n"))

        try stage.recipe("node", nil, "vars: DVM_NODE_MIRROR! DVM_NODE_SHA256?")
        let lacking = try stage.run(#""$DVM" sync app --dry-run"#)
        #expect(lacking.status == 1)
        #expect(lacking.output.contains("      may need DVM_NODE_SHA256, which is not set\n"))
        #expect(lacking.errors.hasPrefix("dvm: error: the recipe node needs DVM_NODE_MIRROR, which is not set\n"))
        #expect(stage.fixture.read("calls") == nil)
    }

    @Test func `tells what it would do to every VM, and which are wrong`() throws {
        try stage.fixture.write("config/vms/bad.sh", "DVM_CPUS=x\n")
        try stage.fixture.write("config/vms/web.sh", "")
        let outcome = try stage.run(#""$DVM" sync --all --dry-run"#)
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("`dvm sync app` would do this"))
        #expect(outcome.output.contains("`dvm sync web` would do this"))
        #expect(outcome.errors.hasPrefix("dvm: error: 1 of 3 VMs would be refused:\n  bad: DVM_CPUS="))
        #expect(stage.fixture.read("calls") == nil)
    }

    @Test(
        arguments: [
            ("stop app", "`dvm stop app` would stop dvm-app, keeping everything in it, where it runs"),
            ("stop app --force", "`dvm stop app` would switch off dvm-app, where it runs"),
            ("stop --all", "`dvm stop --all` would stop every VM of dvm's that runs, keeping everything in them;"),
            ("rm app", "`dvm rm app` would delete dvm-app with everything in it, unless it may hold work that is"),
            ("rm app --yes --force", "`dvm rm app` would delete dvm-app with everything in it; its configuration"),
            ("update app", "`dvm update app` would do this"),
        ]
    )
    func `is not the only one that can be tried`(words: String, start: String) throws {
        for (words, variables) in [("\(words) --dry-run", [:]), (words, ["DVM_DRY_RUN": "1"])] {
            let outcome = try stage.run("\"$DVM\" \(words)", variables)
            #expect(outcome.status == 0)
            #expect(outcome.output.hasPrefix(start))
            #expect(stage.fixture.read("calls") == nil)
        }
    }

    @Test func `shows what a new configuration would be`() throws {
        for name in ["app", "config"] {
            try stage.fixture.write("share/dvm/recipes/templates/\(name).sh", "# \(name)\n")
        }
        let before = Files.names(in: FilePath("\(stage.fixture.root)/config/vms"))
        let outcome = try stage.run(#""$DVM" init web --dry-run"#)
        #expect(outcome.status == 0)
        #expect(
            outcome.output.contains("`dvm init web` would write \(stage.fixture.root)/config/vms/web.sh:\n\n# app\n")
        )
        #expect(Files.names(in: FilePath("\(stage.fixture.root)/config/vms")) == before)
    }

    @Test(arguments: ["sh app", "ssh app true", "ai shell app", "selftest app", "logs app sshd"])
    func `is told apart from what cannot be tried`(words: String) throws {
        let outcome = try stage.run("\"$DVM\" \(words)", ["DVM_DRY_RUN": "1"])
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.contains("DVM_DRY_RUN is set, and `dvm \(words.split(separator: " ")[0])` cannot be tried")
        )
        #expect(stage.fixture.changes == [])
        #expect(!(stage.fixture.read("calls") ?? "").contains("shell"))
    }
}

@Suite struct `Completion` {
    /// dvm-behaviour.md §21: 30.
    @Test func `for a shell is a script that it can read`() throws {
        let stage = try SyncStage()
        let outcome = try stage.run(
            #"""
            set -o pipefail
            "$DVM" --generate-completion-script bash | tee script | bash -n && grep -c 'dvm ls --names' script
            """#
        )
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.errors == "")
        for shell in ["zsh", "fish"] {
            let script = try stage.run("\"$DVM\" --generate-completion-script \(shell)")
            #expect(script.status == 0)
            #expect(script.output.contains("dvm ls --names"))
        }
    }
}

@Suite struct `dvm stop` {
    let stage: SyncStage
    init() throws { stage = try SyncStage() }

    private func lists(_ lines: String...) throws { try stage.fixture.write("list.json", lines.joined()) }

    /// dvm-behaviour.md §21: 22, 40, 63.
    @Test func `stops every VM of dvm's that runs, and nobody else's`() throws {
        try lists(
            ListedVM.line("Running"),
            ListedVM.line("Running", name: "dvm-orphan"),
            ListedVM.line("Running", name: "default"),
            ListedVM.line("Stopped", name: "dvm-web")
        )
        let outcome = try stage.run(#""$DVM" stop --all && "$DVM" stop --all"#)
        #expect(outcome.status == 0)
        #expect(outcome.errors.hasSuffix("\ndvm stop --all: 2 stopped, 1 skipped, 0 failed\n• no VM runs\n"))
        #expect(stage.fixture.changes.sorted() == ["stop --tty=false dvm-app", "stop --tty=false dvm-orphan"])
    }

    @Test func `names those that do not stop, and stops the others`() throws {
        try lists(ListedVM.line("Running"), ListedVM.line("Running", name: "dvm-web"))
        try stage.fixture.write("fail-stop", "time=x level=fatal msg=\"no luck\"\n")
        let outcome = try stage.run(#""$DVM" stop app web"#)
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.hasSuffix(
                """
                dvm: error: 2 of 2 VMs could not be stopped: app, web
                hint: `dvm stop --force app web` switches them off

                """
            )
        )
    }

    /// dvm-behaviour.md §21: 32, 61.
    @Test func `refuses what makes no sense, and has nothing against what is done`() throws {
        #expect(try stage.run(#""$DVM" stop --all app"#).status == 64)
        #expect(try stage.run(#""$DVM" stop"#).status == 64)
        #expect(try stage.run(#""$DVM" stop nosuch"#).status == 1)
        let outcome = try stage.run(#""$DVM" stop app"#)
        #expect(
            outcome == .init(status: 0, output: "", errors: "• app has not been made, so there is nothing to stop\n")
        )
    }
}

@Suite struct `dvm logs` {
    let app: MachineName
    init() throws { app = try MachineName("app") }

    private func recipe(_ name: String, service: String?) throws -> Recipe {
        let text = service.map { "# dvm: service: \($0)\n" } ?? ""
        return try Recipe(RecipeName(name), Array(text.utf8), from: .own(FilePath("/r/\(name).sh")))
    }

    /// dvm-behaviour.md §21: 26.
    @Test func `is about the only service there is`() throws {
        let recipes = [try recipe("node", service: nil), try recipe("llama", service: "dvm-llama.service")]
        #expect(try Logs.unit(nil, of: app, recipes) == "dvm-llama.service")
        #expect(try Logs.unit("llama", of: app, recipes) == "dvm-llama.service")
        #expect(try Logs.unit("node", of: app, recipes) == "node")
        #expect(try Logs.unit("sshd", of: app, recipes) == "sshd")
    }

    @Test func `needs no configuration of a VM that runs, where a unit is named`() throws {
        let stage = try SyncStage("DVM_CPUS=x\n")
        try stage.recipe("llama", nil, "service: dvm-llama.service")
        try stage.fixture.write("list.json", ListedVM.line("Running"))
        for unit in ["sshd", "llama"] {
            let outcome = try stage.run("\"$DVM\" logs app \(unit)")
            // The guest was reached, and asked.
            #expect(outcome.errors.contains("this is no real guest, and runs no programs"), "\(outcome.errors)")
        }
        #expect(stage.asked().map { $0.contains(#""unit": "sshd""#) } == [true, false])
        #expect(stage.asked().map { $0.contains(#""unit": "dvm-llama.service""#) } == [false, true])
        let unnamed = try stage.run("\"$DVM\" logs app")
        #expect(unnamed.status == 1 && unnamed.errors.contains("DVM_CPUS"), "\(unnamed.errors)")
        // To start one, it is needed.
        try stage.fixture.write("list.json", ListedVM.line())
        try stage.fixture.write("guest", "#!/bin/sh\nexit 1\n", mode: 0o700)
        let stopped = try stage.run("\"$DVM\" logs app sshd")
        #expect(stopped.status == 1 && stopped.errors.contains("DVM_CPUS"), "\(stopped.errors)")
    }

    @Test func `asks which service when there are none or several`() throws {
        #expect(throws: Refusal.self) { try Logs.unit(nil, of: app, [recipe("node", service: nil)]) }
        let both = [try recipe("a", service: "a.service"), try recipe("b", service: "b.socket")]
        #expect(
            throws: Refusal(
                "app has 2 services, so one must be named",
                hint: "name one of a.service, b.socket"
            )
        ) { try Logs.unit(nil, of: app, both) }
    }

    @Test(
        arguments: [
            ([], JournalQuery.Options(lines: 100)), (["-f"], .init(follows: true, lines: 10)),
            (["-f", "-n", "5"], .init(follows: true, lines: 5)), (["--since", "-1h"], .init(since: "-1h")),
            (["--lines", "all"], .init()),
            (
                ["-n0", "--until", "now", "-p", "err", "-o", "cat"],
                .init(lines: 0, until: "now", priority: "err", format: .cat)
            ),
        ] as [([String], JournalQuery.Options)]
    )
    func `takes journalctl's options`(words: [String], options: JournalQuery.Options) throws {
        #expect(try Logs.parse(["app"] + words).options() == options)
    }

    @Test(arguments: [["-n", "x"], ["-o", "x"], ["-n", "-5"]])
    func `refuses what journalctl would`(words: [String]) {
        #expect(throws: (any Error).self) { try Logs.parse(["app"] + words).options() }
    }
}
