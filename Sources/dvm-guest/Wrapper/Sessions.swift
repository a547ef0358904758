internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest sessions`: runs of AI tools in this VM, for the developer in it.
struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, take up, show and end sessions of AI tools",
        discussion: "Ctrl-\\ leaves a session that was taken up; closing the terminal does too.",
        subcommands: [List.self, Attach.self, Show.self, Kill.self],
        defaultSubcommand: List.self
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List sessions")

        @Flag(name: .shortAndLong, help: "List those that have ended, too")
        var all = false

        @Flag(help: "Print JSON")
        var json = false

        func run() throws {
            StandardStreams.complete()
            let sessions = try Sessions.ask(.sessions(ended: all), as: [SessionSummary].self)
            guard !json else { return print(try JSON.text(sessions)) }
            for session in sessions {
                let words = session.words.dropFirst().joined(separator: " ")
                print("\(session.id)  \(session.tool)  \(session.state)  \(words)".printable)
            }
        }
    }

    struct Attach: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take up a session that was left running")

        @Argument(help: "Name of the session, or the end of it")
        var session: String

        func run() throws {
            StandardStreams.complete()
            let id = try Sessions.meant(by: session, ended: false)
            let terminal = TerminalMode.ofStandardStreams()
            let attachment = Attachment(
                session: id,
                size: terminal?.size,
                outputWindow: terminal == nil ? Credit.pipeWindow : Credit.terminalWindow
            )
            let loop = try ClientLoop(AgentConnection.open(), terminal: terminal, manner: .attached)
            switch try loop.run(.attach(attachment)) {
            case .ended(.exit(let exit)): Glibc.exit(exit.status)
            case .ended(.refused(let refusal)): throw refusal
            case .ended(.result): throw Refusal("the launcher answered something else than was asked")
            case .left:
                _ = try? FileDescriptor.standardOutput.writeAll(DetachKey.afterwards)
                Message.say("left \(id), which goes on")
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the record of a session, and the end of what it printed"
        )

        @Argument(help: "Name of the session, or the end of it")
        var session: String

        func run() throws {
            StandardStreams.complete()
            let id = try Sessions.meant(by: session, ended: true)
            var printed: [UInt8] = []
            let summary = try Sessions.ask(.sessionReport(id), as: SessionSummary.self) { printed += $0 }
            print(summary.lines.joined(separator: "\n"))
            // What an agent printed must not act on the developer's terminal.
            if !printed.isEmpty { print("\n" + TerminalTranscript.text(printed).printableLines) }
        }
    }

    struct Kill: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a session, with everything it started")

        @Argument(help: "Name of the session, or the end of it")
        var session: String

        func run() throws {
            StandardStreams.complete()
            let id = try Sessions.meant(by: session, ended: false)
            for note in try Sessions.ask(.endSession(id), as: SessionSummary.self).notes {
                Message.say("dvm-guest: \(note.line)")
            }
        }
    }

    private static func meant(by text: String, ended: Bool) throws -> SessionID {
        try SessionSummary.meant(by: text, among: ask(.sessions(ended: ended), as: [SessionSummary].self))
    }

    private static func ask<Answer: Decodable>(
        _ task: GuestTask,
        as type: Answer.Type,
        output: @escaping ([UInt8]) -> Void = { _ in }
    ) throws -> Answer {
        switch try ClientLoop(AgentConnection.open(), terminal: nil, output: output).run(.task(task)) {
        case .ended(.result(let bytes)): return try JSON.decode(type, from: bytes)
        case .ended(.refused(let refusal)): throw refusal
        case .ended(.exit), .left: throw Refusal("the launcher answered something else than was asked")
        }
    }
}
