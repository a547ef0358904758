internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest ask`: what the wrappers in `/usr/local/bin` run, as the developer.
struct Ask: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run an AI tool in the agent's sandbox",
        discussion: """
            The wrappers, such as claude and codex, do this. The tool works on the project, in the directory you are in,
            and gets the variables it declares and those you name:

              dvm-guest ask claude --env GITHUB_TOKEN -- -p "add a test"
              dvm-guest ask claude --detach -- -p "port the tests"
            """
    )

    @Argument(help: "The tool to run")
    var tool: String

    @Option(name: .customLong("env"), help: "Pass a variable of yours to the tool (can be repeated)")
    var variables: [String] = []

    @Flag(
        name: .shortAndLong,
        help: "Start it on a terminal of its own, print its session's name, and leave it running"
    )
    var detach = false

    @Flag(name: .customLong("sign-in"), help: "Sign in to the tool instead of running it")
    var signIn = false

    @Argument(parsing: .postTerminator, help: "Arguments for the tool")
    var arguments: [String] = []

    func run() throws {
        StandardStreams.complete()
        // Without settings the launcher says what is missing; the tools dvm knows are known without them.
        let tool = try (try? Settings.read())?.tool(tool) ?? Tool.named(tool)
        let terminal = TerminalMode.ofStandardStreams()
        let size = terminal?.size ?? (detach ? TerminalSize(columns: 120, rows: 40) : nil)
        let program = Program(
            signIn ? .signIn(tool: tool.name) : .tool(name: tool.name, arguments: arguments),
            directory: Environment.workingDirectory,
            environment: try Environment.chosen(passed: tool.passed, named: variables),
            terminal: size.map { Program.Terminal(name: Environment.variable("TERM") ?? "xterm-256color", size: $0) },
            outputWindow: size == nil ? Credit.pipeWindow : Credit.terminalWindow,
            detached: detach ? true : nil
        )
        let link = try AgentConnection.open()
        let loop = try ClientLoop(link, terminal: terminal, manner: detach ? .untilItRuns : .toTheEnd)
        switch try loop.run(.program(program)) {
        case .ended(.exit(let exit)): Glibc.exit(exit.status)
        case .ended(.refused(let refusal)): throw refusal
        case .ended(.result): throw Refusal("the launcher answered something else than was asked")
        case .left(let session):
            print(session)
            Message.say("it goes on; `dvm-guest sessions attach \(session)` takes it up")
        }
    }
}

/// What the caller's process knows of itself.
enum Environment {
    static func variable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    static var workingDirectory: String? {
        guard let path = unsafe getcwd(nil, 0) else { return nil }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// The variables to pass on: those of the tool that are set, and those the caller names.
    ///
    /// - Throws: a `Refusal` when a named one is not set.
    static func chosen(passed: [String], named: [String]) throws(Refusal) -> [String: String] {
        var chosen: [String: String] = [:]
        for name in passed { chosen[name] = variable(name) }
        for name in named {
            try EnvironmentName.check(name)
            guard let value = variable(name) else {
                throw Refusal("the variable \(name) is not set", hint: "set it, or leave out --env \(name)")
            }
            chosen[name] = value
        }
        return chosen
    }
}
