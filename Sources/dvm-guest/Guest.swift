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
            DenyCommand.self, CopyCommand.self, ReachCommand.self, GateCommand.self,
        ]
    )

    static func main() {
        if CommandLine.arguments.dropFirst() == [LinkCommand.word] { LinkCommand.run() }
        do {
            var command = try parseAsRoot()
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
