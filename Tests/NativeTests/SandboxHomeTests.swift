import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// What of one session is there in the next.
@Suite struct `The home of a tool` {
    let stage: SandboxStage

    init() throws { stage = try SandboxStage() }

    static let planted = [
        ".bashrc", ".profile", ".bash_profile", ".local/bin/git", ".config/git/config", ".gitconfig", ".ssh/config",
        ".npmrc", ".config/fish/config.fish",
    ]

    /// Every way an agent's home could have something run for it next time, and the tool's own state beside it.
    @Test func `keeps what is declared and nothing that was planted`() throws {
        let files = Self.planted.map { "~/\($0)" } + ["~/.tool/token"]
        let plant = files.map { "mkdir -p $(dirname \($0)); echo planted >>\($0)" }.joined(separator: "; ")
        let look =
            "cd ~; for f in \(files.joined(separator: " ")); do grep -l planted $f; done 2>&1 | grep -v 'No such'"

        let first = try SandboxRun.run(stage.agent(script: "\(plant); \(look)", state: [".tool"]))
        // Inside the session all of it is there.
        #expect(first.output.split(separator: "\n").count == files.count)
        let second = try SandboxRun.run(stage.agent(script: look, state: [".tool"]))
        #expect(second.output == "\(stage.toolHome)/.tool/token\n")
        // On disk too there is nothing but the state.
        #expect(try FileManager.default.contentsOfDirectory(atPath: stage.toolHome) == [".tool"])
        #expect(stage.owner("\(stage.toolHome)/.tool") == stage.agent)
        #expect(stage.owner(stage.toolHome) == 0)
    }

    @Test func `without the launcher keeps what was planted`() throws {
        let home = "\(stage.top)/plain"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        stage.own(home, stage.agent)
        _ = try SandboxRun.run(stage.plain(script: "echo planted >\(home)/.bashrc", as: stage.agent))
        let control = try SandboxRun.run(stage.plain(script: "cat \(home)/.bashrc", as: stage.agent))
        #expect(control.output == "planted\n")
    }

    @Test func `is the agent's to write, closed to others, and starts empty`() throws {
        let script = "ls -A ~ | tr '\\n' ' '; stat -c '%a %u' ~; mkdir ~/x; mv ~/.gitconfig ~/y; echo $?"
        let outcome = try SandboxRun.run(stage.agent(script: script, state: [".tool", ".local/share/tool"]))
        #expect(outcome.output == ".gitconfig .local .tool 700 \(stage.agent)\n0\n")
    }

    @Test func `lets a tool replace a file in its state as programs do`() throws {
        let script = "cd ~/.tool; echo new >t.tmp; mv t.tmp token; cat token"
        for _ in 0..<2 {
            #expect(try SandboxRun.run(stage.agent(script: script, state: [".tool"])).output == "new\n")
        }
    }

    @Test func `has state below directories that stay root's`() throws {
        let script = "mkdir -p ~/.local/share/other; echo kept >>~/.local/share/tool/x; cat ~/.local/share/tool/x"
        let state = [".local/share/tool", ".local/state/tool"]
        _ = try SandboxRun.run(stage.agent(script: script, state: state))
        #expect(try SandboxRun.run(stage.agent(script: script, state: state)).output == "kept\nkept\n")
        #expect(stage.owner("\(stage.toolHome)/.local") == 0)
        #expect(stage.owner("\(stage.toolHome)/.local/share") == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(stage.toolHome)/.local/share") == ["tool"])
    }

    @Test func `is made for a tool the VM has not seen yet`() throws {
        let home = "\(stage.top)/agents/new"
        var spawn = stage.agent(script: "echo kept >~/.tool/x; cat ~/.tool/x", state: [".tool"]).agent {
            $0.home = home
        }
        spawn.environment["HOME"] = home
        #expect(try SandboxRun.run(spawn).output == "kept\n")
        #expect(stage.owner(home) == 0)
    }

    @Test func `can be made by two first sessions at once`() throws {
        let spawn = stage.agent(script: "echo ok; sleep 0.2", state: [".a", ".b/c", ".d"])
        let runs = try (0..<4).map { _ in try SandboxRun(spawn) }
        for run in runs { #expect(try run.finish().output == "ok\n") }
    }

    // MARK: Refusals

    private func refusal(_ change: (inout Spawn.Agent) -> Void = { _ in }) throws -> Refusal? {
        let spawn = stage.agent(script: "true", state: [".tool"]).agent(change)
        return try SandboxRun.run(spawn).refusal
    }

    @Test func `is refused when others could have changed it`() throws {
        #expect(try refusal() == nil)
        stage.mode("\(stage.top)/agents", 0o777)
        #expect(try refusal()?.message.contains("must belong to root") == true)
        stage.mode("\(stage.top)/agents", 0o755)
        // As an earlier version left it.
        stage.own(stage.toolHome, stage.agent)
        #expect(try refusal()?.hint?.contains("dvm sync") == true)
        stage.own(stage.toolHome, 0)
        stage.own("\(stage.toolHome)/.tool", stage.developer)
        #expect(try refusal()?.message.contains("must belong to the agent") == true)
    }

    @Test func `is refused when its state is a link`() throws {
        try FileManager.default.createSymbolicLink(
            atPath: "\(stage.toolHome)/.tool",
            withDestinationPath: "\(stage.top)/agents/other"
        )
        #expect(try refusal()?.message.contains("is not a directory") == true)
    }

    @Test(arguments: ["..", "../other", ".x/../../other", "."])
    func `is refused when its state is not below it`(path: String) throws {
        #expect(try refusal { $0.state = [path] }?.message.contains("cannot be kept") == true)
    }

    @Test func `is taken back from the agent with what is in it`() throws {
        try FileManager.default.createDirectory(atPath: "\(stage.toolHome)/.tool", withIntermediateDirectories: true)
        for path in [stage.toolHome, "\(stage.toolHome)/.tool"] { stage.own(path, stage.agent) }
        stage.mode(stage.toolHome, 0o700)
        try Directories.takeOver(FilePath(stage.toolHome), from: stage.agent)
        #expect(try refusal() == nil)
        #expect(throws: Refusal.self) { try Directories.takeOver(FilePath(stage.toolHome), from: stage.agent) }
    }
}

/// Settings dvm gives a tool for its session.
@Suite struct `What a tool finds set` {
    let stage: SandboxStage

    init() throws { stage = try SandboxStage() }

    @Test func `is a file of its administrator's that it cannot change`() throws {
        let path = "/etc/some-tool/settings.json"
        let script = "exec 2>/dev/null; cat \(path); echo x >\(path); rm \(path); mv /etc/some-tool /etc/y; cat \(path)"
        let outcome = try SandboxRun.run(stage.agent(script: script).agent { $0.files = [path: "{}\n"] })
        #expect(outcome.output == "{}\n{}\n")
    }

    @Test func `is its program at the first place that has one`() throws {
        let spawn = stage.agent(["/usr/missing/echo", "here"]).agent {
            $0.programs = ["/usr/missing/echo", "/usr/bin/echo", "/usr/bin/false"]
        }
        #expect(try SandboxRun.run(spawn).output == "here\n")
        let missing = spawn.agent { $0.programs = ["/usr/missing/echo", "/usr/missing/too"] }
        #expect(try SandboxRun.run(missing).refusal?.message == "shell is not installed in this VM")
    }

    @Test func `is the developer's name for commits, and the project as a safe place`() throws {
        try Data("[User]\n  name = \"Ada L\"\n\temail=ada@example.org\n[core]\n  fsmonitor = evil\n".utf8)
            .write(to: URL(fileURLWithPath: "\(stage.home)/.gitconfig"))
        stage.own("\(stage.home)/.gitconfig", stage.developer)
        let outcome = try SandboxRun.run(stage.agent(script: "cat ~/.gitconfig"))
        #expect(
            outcome.output
                == "[safe]\n\tdirectory = /workspace\n[user]\n\tname = \"Ada L\"\n\temail = \"ada@example.org\"\n"
        )
    }

    @Test func `is nothing of a file that is not the developer's own`() throws {
        let path = "\(stage.home)/.gitconfig"
        let theirs = "\(stage.top)/roots"
        try Data("[user]\n name = root's\n".utf8).write(to: URL(fileURLWithPath: theirs))
        stage.mode(theirs, 0o600)
        let look = stage.agent(script: "cat ~/.gitconfig")
        let without = "[safe]\n\tdirectory = /workspace\n"

        _ = unsafe symlink(theirs, path)
        #expect(try SandboxRun.run(look).output == without)
        _ = unsafe unlink(path)
        _ = unsafe link(theirs, path)
        #expect(try SandboxRun.run(look).output == without)
        _ = unsafe unlink(path)
        _ = unsafe mkfifo(path, 0o600)
        stage.own(path, stage.developer)
        // Asked here, and not by a whole launch: a git of the developer's waits for the other end of the pipe.
        guard case .agent(let agent) = look.confinement else { return }
        #expect(HomeGitSettings(of: agent).text == without)
    }

    @Test(
        arguments: [
            ("[user]\nname = A B\nemail = a@b", "A B", "a@b"),
            ("[USER]\n NAME=\"A\"\r\n", "A", nil),
            ("[user \"x\"]\nname = A", nil, nil),
            ("[core]\nname = A\n[user]\nemail = a@b\n[x]\nemail = c@d", nil, "a@b"),
            ("[user]\nname = A\" \\n[core]\nemail = ;x", nil, nil),
            ("[user]\nname =\nemail", nil, nil),
        ] as [(String, String?, String?)]
    )
    func `is read from git's file as data`(text: String, name: String?, email: String?) {
        let settings = HomeGitSettings(text)
        #expect(settings.name == name)
        #expect(settings.email == email)
    }
}
