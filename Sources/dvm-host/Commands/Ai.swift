internal import ArgumentParser
internal import DVMProtocol

struct Ai: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run an AI tool in its sandbox in a VM",
        usage: AiCommands.usage,
        discussion: AiCommands.discussion,
        shouldDisplay: false
    )

    @Argument(help: "Name of the tool", completion: .list(Tool.all.flatMap(\.commands)))
    var tool: String

    @Argument(help: "Name of the VM", completion: .shellCommand("dvm ls --names"))
    var vm: String?

    @Option(name: .long, help: "Hand on a variable of this name (can be repeated)")
    var env: [String] = []

    @Flag(
        name: .shortAndLong,
        help: "Start it on a terminal of its own, print its session's name, and leave it running"
    )
    var detach = false

    @OptionGroup var terminal: TerminalOptions
    @OptionGroup var talk: TalkOptions

    @Argument(parsing: .postTerminator, help: "Arguments for the tool")
    var arguments: [String] = []

    func run() async throws {
        var session = try talk.session()
        let tool = try Self.tool(named: tool, among: Tool.all + session.configuration.tools())
        session.withheld.formUnion(env)
        let environment = try Self.environment(for: tool, asked: env, from: session.environment)
        let vm = try Self.target(vm, among: session.configuration.names())
        try await session.run(
            .tool(name: tool.name, arguments: arguments),
            in: vm,
            for: "ai",
            environment: environment,
            detached: detach,
            isRaw: terminal.isRaw
        )
    }

    /// The tool of a name.
    ///
    /// - Throws: a `UsageRefusal` with the nearest name.
    static func tool(named name: String, among tools: [Tool] = Tool.all) throws(UsageRefusal) -> Tool {
        try UsageRefusal.from { () throws(Refusal) in
            do throws(Refusal) {
                return try Tool.named(name, among: tools)
            } catch {
                let nearest = Suggestion.nearest(to: name, among: tools.flatMap(\.commands))
                throw Refusal(error.message, hint: nearest.map { "did you mean \($0)?" } ?? error.hint)
            }
        }
    }

    /// The variables a tool gets: declared ones that are set, and those asked for.
    ///
    /// - Throws: a `UsageRefusal` for a name that is not set.
    static func environment(
        for tool: Tool,
        asked: [String],
        from environment: HostEnvironment
    ) throws(UsageRefusal) -> [String: String] {
        var handed: [String: String] = [:]
        for name in tool.passed { handed[name] = environment.variables[name] }
        for name in asked {
            try UsageRefusal.from { () throws(Refusal) in try EnvironmentName.check(name) }
            guard let value = environment.variables[name] else {
                throw UsageRefusal(
                    refusal: Refusal(
                        "the variable \(name) is not set, so --env has nothing to hand on",
                        hint: "set it for dvm with `export \(name)=…`, or leave --env \(name) out"
                    )
                )
            }
            handed[name] = value
        }
        return handed
    }

    /// The VM that was named, or the only one there is.
    ///
    /// - Throws: a `UsageRefusal` when it has to be named.
    static func target(_ typed: String?, among known: [MachineName]) throws(UsageRefusal) -> MachineName {
        if let typed { return try UsageRefusal.from { () throws(Refusal) in try MachineName(typed) } }
        guard known.count == 1, let only = known.first else {
            throw UsageRefusal(
                refusal: known.isEmpty
                    ? Refusal("there is no VM yet", hint: "`dvm init app` writes the configuration of one")
                    : Refusal(
                        "there are \(known.count) VMs, so one must be named",
                        hint: "name one of \(known.map(\.text).joined(separator: ", "))"
                    )
            )
        }
        return only
    }
}
