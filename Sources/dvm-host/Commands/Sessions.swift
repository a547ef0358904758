internal import ArgumentParser
internal import DVMProtocol

struct Sessions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "List, take up, show and end sessions of AI tools",
        discussion: """
            A session is one run of an AI tool in its sandbox. It ends with the terminal it was started from, unless it \
            was started with `dvm ai --detach`: then it goes on until it is done or ended here. Every session is \
            recorded in its VM, in /var/log/dvm.

            A session is named by its whole name or by the end of it, such as 9f3a. Ctrl-\\ leaves a session that was \
            taken up; closing the terminal does too.

            Examples:
              dvm sessions
              dvm sessions app --all
              dvm sessions attach 9f3a app
              dvm sessions show 9f3a app
              dvm sessions kill 9f3a app
            """,
        subcommands: [List.self, Attach.self, Show.self, Kill.self],
        defaultSubcommand: List.self
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: "List the sessions of a VM, or of every VM that runs",
            aliases: ["list"]
        )

        @Argument(help: "Name of the VM", completion: .shellCommand("dvm ls --names"))
        var vm: String?

        @Flag(name: .shortAndLong, help: "List those that have ended, too")
        var all = false

        @Flag(help: "Print JSON")
        var json = false

        @OptionGroup var talk: TalkOptions

        func run() async throws {
            let session = try talk.session()
            var rows: [SessionRow] = []
            for vm in try await vms(session) {
                let guest = try await session.connection(to: vm, for: "sessions")
                let found = try guest.perform(.sessions(ended: all), as: [SessionSummary].self)
                if !all { session.state(of: vm).keep(LastContact(sessions: found.count)) }
                rows += found.map { SessionRow(vm: vm.text, session: $0) }
            }
            if json {
                try Output.print(try JSON.text(rows))
            } else if rows.isEmpty {
                Output.say("no session runs; `dvm sessions --all` lists those that have ended\n")
            } else {
                let isTerminal = TerminalDevice.isTerminal(.standardOutput)
                let width = isTerminal ? TerminalDevice.size(of: .standardOutput).map { Int($0.columns) } : nil
                try Output.print(SessionRow.table(rows, now: WallClock.now).draw(width: width))
            }
        }

        /// The VM that was named, or all that run: none is started only to be asked.
        private func vms(_ session: Session) async throws -> [MachineName] {
            if vm != nil { return [try Ai.target(vm, among: [])] }
            let known = session.configuration.names()
            return try await session.limactl().list().filter { $0.status == .running }.compactMap(\.machine)
                .filter(known.contains).sorted()
        }
    }
}
