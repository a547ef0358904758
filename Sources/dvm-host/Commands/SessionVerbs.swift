internal import ArgumentParser
internal import DVMProtocol

/// Which session a command is about.
struct SessionArgument: ParsableArguments {
    @Argument(help: "Name of the session, or the end of it")
    var session: String

    @Argument(help: "Name of the VM", completion: .shellCommand("dvm ls --names"))
    var vm: String?

    @OptionGroup var talk: TalkOptions

    /// The session's VM, its guest, and which session it is.
    ///
    /// - Throws: a `Refusal` when there is no such session.
    func find(ended: Bool) async throws -> (host: Session, vm: MachineName, guest: GuestConnection, id: SessionID) {
        let host = try talk.session()
        let vm = try Ai.target(vm, among: host.configuration.names())
        let guest = try await host.connection(to: vm, for: "sessions")
        let sessions = try guest.perform(.sessions(ended: ended), as: [SessionSummary].self)
        return (host, vm, guest, try SessionSummary.meant(by: session, among: sessions))
    }
}

extension Sessions {
    struct Attach: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take up a session that was left running",
            discussion: "Shows what it printed meanwhile, and hands on what is typed. Ctrl-\\ leaves it again."
        )

        @OptionGroup var argument: SessionArgument
        @OptionGroup var terminal: TerminalOptions

        func run() async throws {
            let found = try await argument.find(ended: false)
            try found.host.attach(found.id, of: found.vm, over: found.guest, isRaw: terminal.isRaw)
        }
    }

    struct Kill: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a session, with everything it started")

        @OptionGroup var argument: SessionArgument
        @OptionGroup var dry: DryRunOption

        func run() async throws {
            let host = try argument.talk.session()
            if dry.isOn(host) {
                let vm = try Ai.target(argument.vm, among: host.configuration.names())
                let session = argument.session.printable
                return try host.tell(
                    "`dvm sessions kill \(session) \(vm)` would \(vm.starting), and end the session “\(session)”, if "
                        + "there is one, with everything it started",
                    of: vm
                )
            }
            let found = try await argument.find(ended: false)
            let ended = try found.guest.perform(.endSession(found.id), as: SessionSummary.self)
            for note in ended.notes { Output.say("dvm: \(found.vm.text) says: \(note.line)\n") }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the record of a session, and the end of what it printed",
            discussion: """
                What it printed is kept of sessions that were started with `dvm ai --detach`, and is shown without what \
                a terminal would act on.
                """
        )

        @OptionGroup var argument: SessionArgument

        @Flag(help: "Print the record as JSON, and nothing of what the session printed")
        var json = false

        func run() async throws {
            let found = try await argument.find(ended: true)
            var printed: [UInt8] = []
            let summary = try found.guest.perform(.sessionReport(found.id), as: SessionSummary.self) { _ in
            } output: { bytes in
                // As much as a guest keeps; more is none of it.
                printed += bytes.prefix(max(0, 2 << 20 - printed.count))
            }
            guard !json else { return try Output.print(try JSON.text(summary)) }
            try Output.print(summary.lines.joined(separator: "\n"))
            guard !printed.isEmpty else { return }
            try Output.print("\n" + TerminalTranscript.text(printed).printableLines)
        }
    }
}
