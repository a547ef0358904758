internal import ArgumentParser
internal import DVMProtocol

struct Ssh: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh",
        abstract: "Run a command in a VM",
        usage: "dvm ssh <vm> [-T] [--] [<command> ...]",
        discussion: """
            Starts the VM where needed. The command runs as DVM_USER in the code directory; its exit status is dvm's. \
            The words are handed over as they are: no shell in the VM reads them. Without a command, a shell is opened.

            The command gets a terminal when both standard input and standard output are one, else pipes. What comes \
            out of a pipe and is shown on a terminal is shown without control characters; what the command writes to a \
            terminal of its own passes the filter that `dvm sh --help` tells of, unless --raw is given.

            Examples:
              dvm ssh app make test
              dvm ssh app -- sh -c 'ls *.swift | wc -l'
              dvm ssh app -T -- cat data.bin > data.bin
              tar -c . | dvm ssh app -- tar -x
            """
    )

    @OptionGroup var target: VMArgument
    @OptionGroup var terminal: TerminalOptions
    @OptionGroup var talk: TalkOptions

    @Flag(name: [.customShort("T"), .long], help: "Give the command pipes, also when run from a terminal")
    var noTerminal = false

    @Argument(parsing: .postTerminator, help: "The command and its arguments")
    var command: [String] = []

    /// The words after the VM's name are the command's, as people know it from ssh: `--` is put before them.
    ///
    /// Without it an option of the command, misspelt or not, would be taken for one of dvm's.
    static func separated(_ arguments: [String]) -> [String] {
        guard arguments.first == configuration.commandName,
            let name = arguments.dropFirst().firstIndex(where: { !$0.hasPrefix("-") }),
            // dvm's own options may still follow the name.
            let first = arguments[(name + 1)...].firstIndex(where: { !$0.hasPrefix("-") || $0 == "--" }),
            arguments[first] != "--"
        else { return arguments }
        return arguments[..<first] + ["--"] + arguments[first...]
    }

    func run() async throws {
        let session = try talk.session()
        try await session.run(
            command.isEmpty ? .loginShell : .words(command),
            in: try target.name(),
            for: "ssh",
            wantsTerminal: !noTerminal,
            isRaw: terminal.isRaw
        )
    }
}
