import ArgumentParser
import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// What a command does, by which it can be tried or not.
private enum Effect {
    /// Changes something in a VM or on this computer; the rest of a command line, and what trying that tells.
    case changes(String, told: String)
    /// Changes something, of which only the VM can tell what.
    case changesWhatTheVMHas
    /// Shows something; a VM may be started for it.
    case shows
    /// Runs what the person names, whatever that does.
    case runs
}

private let effects: [String: Effect] = [
    "init": .changes("web", told: "`dvm init web` would write "),
    "sync": .changes("app", told: "`dvm sync app` would do this; nothing was asked, started or changed"),
    "update": .changes("app", told: "`dvm update app` would do this; nothing was asked, started or changed"),
    "ls": .shows,
    "start": .changes("app", told: "would start dvm-app, where it does not run; nothing was asked or done"),
    "stop": .changes("app", told: "would stop dvm-app"),
    "restart": .changes("app", told: "would stop dvm-app, where it runs, and start it"),
    "clone": .changes("app copy", told: "would stop dvm-app where it runs, copy it"),
    "snapshot create": .changes("app x", told: "would make the snapshot “x” of dvm-app"),
    "snapshot list": .shows,
    "snapshot restore": .changes("app x", told: "would put dvm-app back to “x”"),
    "snapshot rm": .changes("app x", told: "would remove the snapshot “x” of dvm-app"),
    "reset": .changes("app", told: "`dvm reset app` would delete dvm-app with everything in it"),
    "rm": .changes("app --config", told: "would delete dvm-app with everything in it"),
    "config": .shows,
    "recipes": .shows,
    "sh": .runs,
    "ssh": .runs,
    "cp": .changesWhatTheVMHas,
    "ai run": .runs,
    "ai login": .changes(
        "codex app",
        told: "would start dvm-app, where it does not run, and run the sign-in of codex in it, holding port 1455 of "
            + "this computer for the browser meanwhile; nothing was asked or done"
    ),
    "sessions ls": .shows,
    "sessions attach": .runs,
    "sessions show": .shows,
    "sessions kill": .changes(
        "9f3a app",
        told: "would start dvm-app, where it does not run, and end the session “9f3a”, if there is one"
    ),
    "review": .changes(
        "app --done",
        told: "and count what was shown of it last as reviewed; nothing was asked or done"
    ),
    "logs": .shows,
    "work": .shows,
    "ssh-key": .changes(
        "app --rotate --host git.example.org",
        told: "make new SSH keys in it, and keep the old ones aside, use the access key for git.example.org, too"
    ),
    "gpg-key": .changes("app", told: "make a GPG key in it where it has none"),
    "ports": .shows,
    "open": .changes("app", told: "and open http://127.0.0.1:3000 in the browser; nothing was asked or done"),
    "ssh-config": .changes("--install", told: "would change nothing in "),
    "code": .changes("app", told: "bin/code open ~/code/app in it; nothing was asked or done"),
    "doctor": .shows,
    "selftest": .shows,
    "uninstall": .changes("--yes", told: "nothing was removed"),
    "version": .shows,
]

/// Starts many programs: one test after the other.
@Suite(.serialized) struct `Trying a command without doing it` {
    /// The commands that have none below them, by the words they are called with.
    private static func commands(
        below command: any ParsableCommand.Type = Host.self,
        _ words: [String] = []
    ) -> [String: any ParsableCommand.Type] {
        let children = command.configuration.subcommands
        guard !children.isEmpty else { return [words.joined(separator: " "): command] }
        return children.reduce(into: [:]) { found, child in
            let name = child.configuration.commandName ?? "\(child)".lowercased()
            found.merge(commands(below: child, words + [name])) { first, _ in first }
        }
    }

    @Test func `is possible with every command that changes something, and with no other`() {
        let commands = Self.commands()
        #expect(commands.keys.sorted() == effects.keys.sorted(), "a new command has its place in the table above")
        for (words, command) in commands {
            let help = Host.helpMessage(for: command, columns: 200)
            let canBeTried = help.contains(#/\n\ +(-n,\ )?--dry-run\ /#)
            switch effects[words] {
            case .changes, .changesWhatTheVMHas: #expect(canBeTried, "dvm \(words)")
            case .shows, .runs, nil: #expect(!canBeTried, "dvm \(words)")
            }
        }
    }

    @Test func `tells what it would do, and does none of it`() throws {
        let stage = try SyncStage("DVM_PORTS=3000:3000\n")
        for name in ["app", "config"] { try stage.fixture.write("share/dvm/recipes/templates/\(name).sh", "# it\n") }
        for name in ["xdg-open", "code"] {
            try stage.fixture.write("bin/\(name)", "#!/bin/sh\ntouch \(stage.fixture.root)/opened\n", mode: 0o700)
        }
        _ = try PersonalSshConfig(stage.session().paths).install()
        #expect(try stage.run("\"$DVM\" --version").status == 0)
        let files = { try FileManager.default.subpathsOfDirectory(atPath: stage.fixture.root).sorted() }
        let before = try files()
        for (words, effect) in effects.sorted(by: { $0.key < $1.key }) {
            guard case .changes(let rest, let told) = effect else { continue }
            for script in ["\"$DVM\" \(words) \(rest) --dry-run", "DVM_DRY_RUN=1 \"$DVM\" \(words) \(rest)"] {
                let outcome = try stage.run(script)
                #expect(outcome.status == 0, "\(words): \(outcome)")
                #expect((outcome.output + outcome.errors).contains(told), "\(words): \(outcome)")
            }
        }
        #expect(try files() == before)
        #expect(stage.fixture.read("calls") == nil)
    }

    @Test(
        arguments: [
            ("ssh-config app", "would print its entry; dvm-app would be started and asked if it never was"),
            ("ssh-config", "would print the entries of all VMs"),
            ("review app --patch new.patch", "and show what was done in it, and write the changes to new.patch"),
            ("review app", "and show what was done in it; nothing"),
            ("ssh-key app", "make SSH keys in it where it has none"),
            ("ai login codex app --device", "and run the sign-in of codex in it; nothing"),
        ]
    )
    func `tells so in every manner`(words: String, told: String) throws {
        let stage = try SyncStage()
        let outcome = try stage.run("\"$DVM\" \(words) --dry-run")
        #expect(outcome.status == 0 && outcome.output.contains(told), "\(outcome)")
        #expect(stage.fixture.read("calls") == nil)
        #expect(!stage.fixture.exists("new.patch"))
    }

    @Test(
        arguments: [
            ("ssh-config apo", "there is no VM called “apo”"), ("ssh-key apo", "there is no VM called “apo”"),
            ("sessions kill 9f3a apo", "there is no VM called “apo”"), ("gpg-key apo", "there is no VM called “apo”"),
            ("ai login codex apo", "there is no VM called “apo”"), ("review apo", "there is no VM called “apo”"),
            ("ai login aider app", "aider has no sign-in of its own"), ("open app", "app has no declared port"),
            ("ssh-key app --copy", "there is no clipboard here"), ("code app", "ssh does not know dvm's VMs yet"),
            ("review app --patch none/x", "there is no directory none"),
        ]
    )
    func `is refused where doing it would be`(words: String, said: String) throws {
        let stage = try SyncStage()
        let outcome = try stage.run("\"$DVM\" \(words) --dry-run")
        #expect(outcome.status != 0 && outcome.errors.contains(said), "\(outcome)")
        #expect(stage.fixture.read("calls") == nil)
    }

    @Test func `of a copy asks the VM, so that the variable alone refuses it`() throws {
        let stage = try SyncStage()
        try stage.fixture.write("notes", "x")
        for words in ["cp notes app:", "cp -n notes app:"] {
            let outcome = try stage.run("DVM_DRY_RUN=1 \"$DVM\" \(words)")
            #expect(outcome.status == 1 && outcome.errors.contains("`dvm cp -n` asks the VM"), "\(outcome)")
        }
        #expect(stage.fixture.read("calls") == nil)
    }
}
