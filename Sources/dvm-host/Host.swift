internal import ArgumentParser
internal import DVMProtocol

@main
struct Host: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dvm",
        abstract: "Keep your projects off the laptop, each in a VM of its own",
        discussion: """
            Examples:
              dvm init app                        write the configuration of a VM
              dvm sync app                        make or update the VM
              dvm sh app                          work in it
              dvm ai claude app                   let an AI tool work in it, in a sandbox
              dvm ai claude app -- -p 'Fix it'    the same, without staying to talk to it
            """,
        version: Release.version,
        groupedSubcommands: [
            CommandGroup(
                name: "VMs",
                subcommands: [
                    Init.self, Sync.self, Update.self, Ls.self, Start.self, Stop.self, Restart.self, Clone.self,
                    SnapshotCommands.self, Reset.self, Rm.self,
                ]
            ),
            CommandGroup(name: "Configuration", subcommands: [Config.self, Recipes.self]),
            CommandGroup(
                name: "Work",
                subcommands: [
                    Sh.self, Ssh.self, Cp.self, AiCommands.self, Sessions.self, Review.self, Logs.self, Work.self,
                ]
            ),
            CommandGroup(name: "Keys", subcommands: [SSHKeyCommand.self, GPGKeyCommand.self]),
            CommandGroup(name: "Reaching a VM", subcommands: [Ports.self, Open.self, SshConfig.self, Code.self]),
            CommandGroup(name: "About dvm", subcommands: [Doctor.self, SelfTest.self, Uninstall.self, Version.self]),
        ]
    )

    static func main() async {
        StandardStreams.complete()
        ExitStatus.leave(with: await run(nil))
    }

    /// Runs a command line, reports what went wrong, and returns the exit status.
    static func run(_ arguments: [String]?) async -> Int32 {
        do {
            let arguments = Ssh.separated(try arguments ?? OwnArguments.read())
            try checkCommand(arguments)
            do {
                var command = try parseAsRoot(arguments)
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
            } catch  where ExitStatus.of(error) == ExitStatus.success {
                // Help that nobody asked for would look like success to a script.
                if let cluster = helpCluster(arguments) { throw cluster }
                throw error
            }
            return ExitStatus.success
        } catch {
            let status = ExitStatus.of(error)
            if let text = ErrorText.of(error) {
                // Help that was asked for is data; everything else is talk.
                if status == ExitStatus.success {
                    try? Output.print(text.trimmingLastNewline)
                } else {
                    Output.say(text)
                }
            }
            return status
        }
    }

    /// Refuses a first word that is no command, with the nearest one; ArgumentParser would only call it unexpected.
    static func checkCommand(_ arguments: [String]) throws(UsageRefusal) {
        guard let word = arguments.first, !word.hasPrefix("-") else { return }
        var names = ["help"]
        for command in configuration.subcommands {
            names += command.configuration.aliases
            if let name = command.configuration.commandName { names.append(name) }
        }
        guard !names.contains(word) else { return }
        throw UsageRefusal(
            refusal: Refusal(
                "there is no command “\(word.printable)”",
                hint: Suggestion.nearest(to: word, among: names).map { "did you mean `dvm \($0)`?" }
                    ?? "`dvm --help` shows the commands there are"
            )
        )
    }

    /// What to say of a word such as `-dash`, which ArgumentParser takes for several options, one of which is `-h`.
    static func helpCluster(_ arguments: [String]) -> UsageRefusal? {
        let words = arguments.prefix { $0 != "--" }
        guard !words.contains(where: { ["-h", "-help", "--help", "help"].contains($0) }),
            let word = words.first(where: { $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.contains("h") })
        else { return nil }
        return UsageRefusal(
            refusal: Refusal(
                "“\(word.printable)” is taken for several options",
                hint: "write ./\(word.printable) for a file of that name, and -h alone for help"
            )
        )
    }

    // Used by ArgumentParser before its own messages, so that they look like ours.
    static var _errorPrefix: String { "dvm: error: " }
}

extension String {
    fileprivate var trimmingLastNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
