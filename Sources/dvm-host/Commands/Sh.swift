internal import ArgumentParser
internal import DVMProtocol

struct Sh: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sh",
        abstract: "Open a shell in a VM",
        discussion: """
            Starts the VM where needed. The shell runs as DVM_USER in the code directory.

            What is written to your terminal passes a filter: the clipboard, file transfers, and questions to the \
            terminal that the program could answer for you, are left out, and titles start with the VM's name. --raw \
            hands everything on.

            Examples:
              dvm sh app
              echo 'make test' | dvm sh app
            """
    )

    @OptionGroup var target: VMArgument
    @OptionGroup var terminal: TerminalOptions
    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let session = try talk.session()
        try await session.run(
            .loginShell,
            in: try target.name(),
            for: "sh",
            isRaw: terminal.isRaw,
            isAskedAfterwards: true
        )
    }
}
