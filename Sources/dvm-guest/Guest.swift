internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

@main
struct Guest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dvm-guest",
        abstract: "The part of dvm that lives in a VM",
        discussion: """
            Most of it is used by dvm on the host. In the VM itself:

              dvm-guest doctor      shows whether every protection holds
              dvm-guest sessions    lists runs of AI tools, and takes them up
              dvm-guest selftest    attacks the sandbox and shows what holds
              claude, codex, shell  run in the agent's sandbox
            """,
        subcommands: [
            Doctor.self, SelfTestCommand.self, Version.self, Ask.self, Sessions.self, Serve.self, DoorCommand.self,
            AdmittedCommand.self, ReadyCommand.self, SessionCommand.self,
            Task.self, Enter.self, Look.self, Inner.self, SandboxProbe.self, AttackCommand.self, AccessCommand.self,
            CopyCommand.self, ReachCommand.self, GateCommand.self,
        ]
    )

    /// What this program starts itself as, with an order on a descriptor and no options.
    ///
    /// These are found without looking through the options of all commands, which takes four times as long as everything
    /// else before a process can work; a session or a `dvm sync` starts several.
    static let roles: [String: any ParsableCommand.Type] = [
        "enter": Enter.self, "task": Task.self, "look": Look.self, "reach": ReachCommand.self, "gate": GateCommand.self,
        "ready": ReadyCommand.self, AdmittedCommand.word: AdmittedCommand.self,
        SessionCommand.word: SessionCommand.self,
        CopyOrder.commandName: CopyCommand.self,
    ]

    /// The command that the words of a command line name.
    ///
    /// - Throws: what the parser says of words that name none.
    static func command(_ words: [String]) throws -> any ParsableCommand {
        if words.count == 1, let role = roles[words[0]] { return role.init() }
        return try parseAsRoot(words)
    }

    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        if words == [LinkCommand.word] { LinkCommand.run() }
        do {
            var command = try command(words)
            try command.run()
        } catch let refusal as Refusal {
            Message.error(refusal)
            Glibc.exit(1)
        } catch {
            exit(withError: error)
        }
    }
}

/// What the guest program says to a person in the VM.
enum Message {
    /// Says what went wrong and what to do.
    static func error(_ refusal: Refusal) {
        say("dvm-guest: error: \(refusal.message.printable)")
        if let hint = refusal.hint { say("hint: \(hint.printable)") }
    }

    static func say(_ line: String) {
        // Nobody can be told when standard error is gone.
        _ = try? FileDescriptor.standardError.writeAll((line + "\n").utf8)
    }
}
