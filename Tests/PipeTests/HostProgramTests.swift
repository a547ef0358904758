import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `The dvm program, end to end` {
    private let host: HostProgram

    init() throws { host = try HostProgram() }

    // MARK: Streams and status

    @Test func `has the status, output and errors of what it ran`() throws {
        let outcome = try host.run("dvm ssh app -- sh -c 'echo out; echo err >&2; exit 7'")

        #expect(outcome == .init(status: 7, output: "out\n", errors: "err\n"))
        // All of it in frames: what Lima is told is the same whatever is run.
        #expect(
            host.fixture.read("shells")
                == "shell --workdir / dvm-app /usr/local/libexec/dvm/dvm-guest link\n"
        )
    }

    /// dvm-behaviour.md §21: 18, whoever answers is there.
    @Test func `reaches a VM that Lima's list leaves out for once`() throws {
        try host.fixture.write("list.json", "")
        #expect(try host.run("dvm ssh app -- echo there") == .init(status: 0, output: "there\n", errors: ""))
    }

    @Test(arguments: [("TERM", 143), ("KILL", 137), ("INT", 130)] as [(String, Int32)])
    func `has 128 and the number of the signal that ended it`(name: String, status: Int32) throws {
        #expect(
            try host.run("dvm ssh app -- sh -c 'kill -\(name) $$'") == .init(status: status, output: "", errors: "")
        )
    }

    @Test func `hands words over as they are`() throws {
        let outcome = try host.run(#"dvm ssh app -- printf '[%s]' 'a b' '$HOME' '*' '' "it's" '=x' '--' 'ü'"#)
        #expect(outcome == .init(status: 0, output: "[a b][$HOME][*][][it's][=x][--][ü]", errors: ""))
        #expect(host.fixture.read("shells")?.contains("HOME") == false)
    }

    /// What has a terminal of the person's, by what is run on it; the program is always `cat said`.
    private static let ways = [
        "ssh FLAG app -- cat said", "sh FLAG app", "ai FLAG shell app -- --norc -c 'cat said'",
        "sessions attach FLAG $ID app",
    ]

    @Test(arguments: ways, [("", "a[b]"), ("--raw", "a[\u{1B}]52;c;aGk=\u{7}b]")])
    func `keeps a program from the clipboard of the terminal, unless it is told not to`(
        way: String,
        choice: (flag: String, shown: String)
    ) throws {
        let words = way.replacing("FLAG", with: choice.flag)
        let before =
            way.hasPrefix("sessions")
            ? """
            ID=$(dvm ai shell app --detach -- --norc -c 'cat said; until [ -e go ]; do sleep 0.05; done' 2>left)
            (until grep -qsF 'b]' typescript; do sleep 0.05; done; touch "$P/go") &
            """ : ""
        // What is typed before there is a prompt may be lost with the change of the terminal's mode.
        let typed =
            way.hasPrefix("sh ")
            ? "until grep -qs '[$#] ' typescript; do sleep 0.05; done; echo 'cat said; exit'" : "true"
        let outcome = try host.run(
            """
            P='\(host.vm.outside(host.vm.project))'; printf 'a[\\033]52;c;aGk=\\007b]\\n' >"$P/said"
            export TERM=xterm
            \(before)
            (\(typed)) | script -qefc "$DVM \(words)" typescript >/dev/null; echo "status $?"
            """
        )
        let shown = host.fixture.read("typescript") ?? ""
        #expect(outcome.output == "status 0\n", "\(outcome)")
        #expect(shown.contains(choice.shown), "\(shown.debugDescription)")
        #expect(shown.contains("\u{1B}]52") == (choice.flag == "--raw"), "\(shown.debugDescription)")
    }

    @Test func `hands input on to its end`() throws {
        #expect(try host.run("echo x | dvm ssh app -- cat") == .init(status: 0, output: "x\n", errors: ""))
        #expect(try host.run("echo 'echo $((6*7))' | dvm sh app").output == "42\n")
        let sum = "head -c 20000000 /dev/urandom > data; sha256sum < data; dvm ssh app -- sha256sum < data"
        let lines = try host.run(sum).output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first == lines.last)
    }

    @Test func `hands on that there is no input`() throws {
        #expect(try host.run("dvm ssh app -- cat </dev/null; echo $?") == .init(status: 0, output: "0\n", errors: ""))
    }

    @Test(arguments: ["<&-", "<&- >&-", "<&- >&- 2>&-"])
    func `does without streams nobody gave it`(closed: String) throws {
        let outcome = try host.run("dvm ssh app -- sh -c 'cat; echo hidden; exit 4' \(closed)")
        #expect(outcome.status == 4)
        #expect(outcome.output == (closed == "<&-" ? "hidden\n" : ""))
        #expect(outcome.errors == "")
    }

    @Test func `ends quietly when nobody reads any more`() throws {
        let outcome = try host.run("dvm ssh app -- yes | head -1; echo ${PIPESTATUS[0]}")
        #expect(outcome == .init(status: 0, output: "y\n141\n", errors: ""))
    }

    @Test func `hands a signal on, and waits for what becomes of it`() throws {
        let script = """
            "$DVM" ssh app -- sh -c 'trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.05; done' >said.txt &
            until grep -qs ready said.txt; do sleep 0.05; done
            kill -TERM $!; wait $!; status=$?; cat said.txt; exit $status
            """
        let outcome = try host.run(script)
        #expect(outcome.status == 9)
        #expect(outcome.output == "ready\ncaught\n")
    }

    /// As nohup(1) starts it.
    @Test func `goes on after a hangup that it was started not to hear`() throws {
        let outcome = try host.run(
            """
            (trap '' HUP; exec "$DVM" ssh app sh -c 'echo begun; sleep 1; echo done') >said &
            until grep -qs begun said; do sleep 0.02; done
            kill -HUP $!; wait $!; echo $?; cat said
            """
        )
        #expect(outcome.output == "0\nbegun\ndone\n", "\(outcome.errors)")
    }

    @Test func `shows work that is nowhere else, and keeps the VM that holds it`() throws {
        let none = try host.run("dvm work app")
        #expect(
            none.status == 0 && none.output == "\nnothing in \(host.vm.project) would be lost (0 repositories)\n",
            "\(none)"
        )
        let script =
            "dvm ssh app -- sh -c 'git init -q r; echo x >r/y; echo z >z'; dvm work app; echo $?; dvm rm app --yes"
        let some = try host.run(script)
        #expect(some.output.hasSuffix("1\n") && some.status == 1, "\(some)")
        for line in ["✗ r (master)", "1 untracked file or directory: y", "✗ 1 file in no repository: z"] {
            #expect(some.output.contains(line) && some.errors.contains(line), "\(some)")
        }
        #expect(some.errors.contains("app holds work that is nowhere else"))
        #expect(host.fixture.read("calls")?.contains("delete") != true)
        let json = try host.run("dvm work app --json")
        #expect(json.status == 1 && json.output.contains(#""path" : "r""#), "\(json)")
    }

    @Test func `runs a tool in its sandbox, with the variables it names`() throws {
        let script =
            "GIVEN=1 KEPT=2 dvm ai shell app --env GIVEN -- --norc -c 'id -u; pwd; echo \"$GIVEN-$KEPT\"; exit 6'"
        #expect(try host.run(script) == .init(status: 6, output: "64102\n/workspace\n1-\n", errors: ""))
    }

    @Test func `has a terminal in the VM when it has one here`() throws {
        let script =
            #"script -qec "$DVM ssh app -- sh -c 'tty >/dev/null && stty size && exit 8'" /dev/null </dev/null"#
        let outcome = try host.run("stty() { :; }; export TERM=xterm; \(script)")
        #expect(outcome.status == 8)
        #expect(outcome.output.contains(" "))
    }

    // MARK: Refusals

    @Test func `prints a refusal with its hint`() throws {
        let outcome = try host.run("dvm ssh app -- no-such-program")
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        let lines = outcome.errors.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("dvm: error: ") == true)
        #expect(lines.first?.contains("no-such-program") == true)
        #expect(lines.last?.hasPrefix("hint: ") == true)
    }

    @Test(arguments: ["ssh", "ssh 'Bad Name' -- true", "nosuch", "ssh app --nosuch", "ai nosuch app", "sh app x y"])
    func `ends with 64 for what makes no sense`(words: String) throws {
        let outcome = try host.run("dvm \(words)")
        #expect(outcome.status == 64)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("dvm: error: "))
        #expect(host.fixture.read("shells") == nil)
    }

    @Test func `says what was lost with the link`() throws {
        let script = """
            "$DVM" ssh app -- sh -c 'echo ready; exec sleep 30' >said.txt &
            until grep -qs ready said.txt; do sleep 0.05; done
            pid=$(cat serve.pid); [ "$pid" -gt 1 ] || exit 99
            kill -KILL "$pid"; wait $!
            """
        let outcome = try host.run(script)
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        #expect(
            outcome.errors == """
                dvm: error: the link to app was lost: programs in it got a hangup, what runs in tmux or in the \
                background of the VM goes on
                hint: run the same command again; `dvm ls` shows whether the VM still runs

                """
        )
    }

    // MARK: Bounds

    @Test func `holds little of what nobody takes`() throws {
        let script = """
            mkfifo slow
            "$DVM" ssh app -- head -c 100000000 /dev/zero >slow &
            exec 3<slow
            sleep 2
            pid=$(cat serve.pid); [ "$pid" -gt 1 ] || exit 99
            for pid in $! $pid; do grep VmHWM /proc/$pid/status | tr -dc '0-9\\n'; done
            wc -c <&3; wait $!
            """
        let outcome = try host.run(script)
        #expect(outcome.status == 0)
        let numbers = outcome.output.split(separator: "\n").compactMap { Int($0) }
        try #require(numbers.count == 3)
        #expect(numbers[0] <= 64 * 1024)
        #expect(numbers[1] <= 32 * 1024)
        #expect(numbers[2] == 100_000_000)
    }

    /// What a guest says that breaks the rules once a program was asked for.
    private func lie(_ frames: [Frame]) throws {
        let welcome = Welcome(
            build: "00",
            facts: .init(distribution: "debian", release: "12", architecture: "x86_64", kernel: "6.1")
        )
        let root = host.fixture.root
        let greeting = GreetingScanner.line + (try Frame(.welcome, channel: 0, json: welcome)).bytes
        try Data(greeting).write(to: URL(filePath: "\(root)/welcome"))
        try Data(frames.flatMap(\.bytes)).write(to: URL(filePath: "\(root)/said"))
    }

    @Test func `does not take more than it has room for from a guest that lies`() throws {
        let flood = Frame(.output, channel: 1, payload: [UInt8](repeating: 0x61, count: Frame.largestPayload))
        try lie([Frame(.opened, channel: 1)] + [Frame](repeating: flood, count: 20))
        let script = """
            mkfifo slow
            exec 3<>slow
            dvm ssh app -- true >slow
            """
        let outcome = try host.run(script)
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("dvm: error: the guest program in app broke dvm's protocol: "))
    }

    @Test func `shows nothing that would move the cursor in a guest's words`() throws {
        try lie([try Frame(.refused, channel: 1, json: Refusal("\u{1B}[2Jgone\nhint: lie", hint: "\u{202E}x"))])
        let outcome = try host.run("dvm ssh app -- true")
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control }
        )
        #expect(!outcome.errors.contains("\nhint: lie"))
    }
}
