import DVMProtocol
import Foundation
import TestSupport
import Testing

@Suite struct `Commands about the configuration, end to end` {
    private let host: HostProgram

    init() throws { host = try HostProgram() }

    /// Runs `dvm init web` on a terminal, with an editor of this text.
    private func edit(_ text: String) throws -> HostProgram.Outcome {
        try host.fixture.write("bin/edit", "#!/bin/bash\n\(text)\n", mode: 0o700)
        return try host.run(#"EDITOR='edit -w' script -qec "exec $DVM init web" /dev/null </dev/null"#)
    }

    @Test func `a new file is opened in the editor, on the terminal, and read when it was left`() throws {
        let outcome = try edit(#"[ -t 0 ] && [ -t 1 ] && [ "$1" = -w ] && echo 'DVM_CPUS=2' >>"$2""#)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("wrote \(host.fixture.root)/config/vms/web.sh"))
        #expect(outcome.output.contains("next: `dvm sync web`"))
        #expect(host.fixture.read("config/vms/web.sh")?.hasSuffix("\nDVM_CPUS=2\n") == true)
    }

    @Test func `an editor that fails is said to, and the file stays`() throws {
        let outcome = try edit("exit 3")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("dvm: error: the editor “edit -w” ended with status 3"))
        #expect(host.fixture.exists("config/vms/web.sh"))
        // What is next needs no second `init`, which would not overwrite it.
        #expect(outcome.output.contains("web.sh is written; open it yourself, or correct EDITOR"))
        #expect(try host.run("dvm sync web --dry-run").status == 0)
        #expect(try host.run("dvm init web").status == 1)
    }

    @Test func `what was mistyped in the editor is said at once`() throws {
        let outcome = try edit(#"echo 'DVM_CPUS=many' >>"$2""#)
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("DVM_CPUS=“many”, set in \(host.fixture.root)/config/vms/web.sh:"))
    }

    @Test func `what a recipe lacks is said at once, and what is hardly meant`() throws {
        let outcome = try edit(#"printf 'use opencode\nDVM_CPUS=1000\n' >>"$2""#)
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("warning: DVM_CPUS is 1000, and this computer has "))
        #expect(outcome.output.contains("dvm: error: the recipe opencode needs DVM_OPENCODE_SHA256: "))
        let config = try host.run("dvm config web")
        #expect(config.status == 0)
        #expect(config.errors.contains("warning: the recipe opencode needs DVM_OPENCODE_SHA256: "))
        #expect(config.output.contains("nowhere: opencode needs it"))
    }

    @Test func `Ctrl-C in the editor is the editor's`() throws {
        // As the terminal sends it: to everyone in the foreground.
        let outcome = try edit(#"trap 'echo DVM_CPUS=2 >>"$2"; exit 0' INT; kill -INT 0; sleep 20"#)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("next: `dvm sync web`"))
        #expect(host.fixture.read("config/vms/web.sh")?.hasSuffix("\nDVM_CPUS=2\n") == true)
    }

    @Test(arguments: ["INT", "TERM", "HUP"])
    func `a signal while files are read ends what they started`(signal: String) throws {
        try host.fixture.write("config/vms/app.sh", "echo $$ >~/reader\nsleep 3000\n")
        let outcome = try host.run(
            """
            timeout -k 20 -s \(signal) 5 "$DVM" config app
            reader=$(cat home/reader)
            for try in {1..100}; do
              pgrep -g "$reader" >/dev/null || exit 0
              sleep 0.1
            done
            pkill -KILL -g "$reader"
            exit 3
            """
        )
        #expect(outcome == .init(status: 0, output: "", errors: ""))
        #expect(host.fixture.exists("home/reader"))
    }

    @Test func `no editor is opened where nobody could type`() throws {
        let outcome = try host.run("EDITOR=false dvm init web")
        #expect(
            outcome
                == .init(
                    status: 0,
                    output: """
                        wrote \(host.fixture.root)/config/config.sh
                        wrote \(host.fixture.root)/config/vms/web.sh
                        next: change it to your liking, then `dvm sync web`

                        """,
                    errors: ""
                )
        )
    }

    @Test func `dvm config prints JSON for programs, and what files print elsewhere`() throws {
        try host.fixture.write("config/vms/app.sh", "DVM_PORTS='80:80 81:81'\necho hello\n")
        let outcome = try host.run("TZ=x dvm config app --json")
        #expect(outcome.status == 0)
        #expect(outcome.errors.contains("configuration: hello"))
        let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        let ports = (report?["variables"] as? [String: [String: Any]])?["DVM_PORTS"]
        #expect(ports?["value"] as? [String] == ["80:80", "81:81"])
        #expect(ports?["origin"] as? String == "\(host.fixture.root)/config/vms/app.sh:1")
    }

    @Test func `dvm recipes shows the sound ones and fails for the others`() throws {
        try host.fixture.write("config/recipes/fine.sh", "# dvm: summary: fine\u{1B}[2J\n")
        try host.fixture.write("config/recipes/good.sh", "# dvm: summary: good\n")
        let outcome = try host.run("dvm recipes")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("\ngood "))
        #expect(outcome.errors.contains("dvm: error: \(host.fixture.root)/config/recipes/fine.sh:1: "))
        #expect(!(outcome.output + outcome.errors).contains("\u{1B}"))
        #expect(try host.run("dvm recipes good").output.hasPrefix("name:      good\nsummary:   good\n"))
        #expect(try host.run("dvm recipes goof").errors.contains("did you mean good?"))
        #expect(try host.run("dvm recipes goof").status == 1)
    }
}
