internal import ArgumentParser
internal import DVMProtocol

/// `dvm ai`: a tool's name is the usual first word, and what else can be done with tools are words no tool is called by.
struct AiCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ai",
        abstract: "Run an AI tool in its sandbox in a VM",
        usage: usage,
        discussion: discussion,
        subcommands: [Ai.self, AiLogin.self],
        defaultSubcommand: Ai.self
    )

    static let usage = """
        dvm ai <tool> [<vm>] [--detach] [--env <name> ...] [-- <argument> ...]
        dvm ai login <tool> [<vm>] [--device]
        """

    static let discussion = """
        Starts the VM where needed. The tool sees the project at /workspace and little else; it has none of your \
        files, keys or accounts. The VM can be left out when only one is configured.

        Tools: \(list(Tool.all))\(own)

        A tool gets the variables it declares, such as its API key, and those named with --env, when they are set \
        where dvm is run. They do not appear in any command line.

        Tools act without asking, because the sandbox holds them; DVM_CODEX_YOLO=0 in a VM's configuration, and the \
        same for other tools, makes one ask. A file in ~/.config/dvm/tools describes a tool dvm does not know.

        Examples:
          dvm ai claude app
          dvm ai claude app -- -p 'Fix the failing test'
          dvm ai codex --env OPENAI_ORGANIZATION
          dvm ai claude app --detach -- -p 'Port the tests'   and go home; see dvm sessions
          dvm ai login codex app  sign in once; it is kept in that VM
          dvm ai shell app        look around in the sandbox yourself
        """

    private static func list(_ tools: [Tool]) -> String {
        tools.map { "\($0.commands.joined(separator: " or ")) (\($0.summary))" }.joined(separator: ", ")
    }

    /// The person's own tools, as far as their files can be read.
    private static var own: String {
        // On the way of every command, so that nothing but the tools is read.
        let environment = HostEnvironment.current
        guard let paths = try? Paths(environment),
            let tools = try? ConfigurationStore(paths: paths, environment: environment).tools(), !tools.isEmpty
        else { return "" }
        return "\n\nYour own: \(list(tools).printable)"
    }
}

struct AiLogin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Sign in to an AI tool in a VM",
        usage: "dvm ai login <tool> [<vm>] [--device]",
        discussion: """
            Runs the tool's own sign-in in its sandbox. It shows an address to open in a browser of yours. Then the \
            tool takes or shows a code, or the browser comes back to a port of this computer, as with \(callers). That \
            port is dvm's until the tool ends; it takes one answer, within 15 minutes, and leads to that one page of \
            the tool. Where the browser is on another computer, or the port is taken, --device does \
            without. The account is kept in that VM for later sessions of that tool, where no other tool sees it.

            In the VM itself `dvm-guest ask <tool> --sign-in` signs in as with --device.

            Examples:
              dvm ai login claude app
              dvm ai login codex app
              dvm ai login codex app --device
            """
    )

    @Argument(help: "Name of the tool", completion: .list(Tool.all.filter { $0.signIn != nil }.map(\.name)))
    var tool: String

    @Argument(help: "Name of the VM", completion: .shellCommand("dvm ls --names"))
    var vm: String?

    @Flag(help: "Sign in with a code, without a port of this computer")
    var device = false

    @OptionGroup var terminal: TerminalOptions
    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    /// The tools to which the browser comes back.
    private static let callers = Tool.all.filter { $0.signIn?.callback != nil }.map(\.name).joined(separator: " and ")

    func run() async throws {
        let session = try talk.session()
        let tool = try Self.tool(named: tool, among: Tool.all + session.configuration.tools())
        let vm = try Ai.target(vm, among: session.configuration.names())
        let callback = device ? nil : tool.signIn?.callback
        if dry.isOn(session) {
            let port = callback.map { ", holding port \($0.port) of this computer for the browser meanwhile" } ?? ""
            return try session.tell(
                "`dvm ai login \(tool.name) \(vm)` would \(vm.starting), and run the sign-in of \(tool.name) in it\(port)",
                of: vm
            )
        }
        // Before a VM is started for it: the port may be taken.
        let door = try callback.map { try SignInDoor(for: tool.name, in: vm.text, at: $0) }
        try await session.run(
            .signIn(tool: tool.name, callback: callback?.port),
            in: vm,
            for: "ai",
            isRaw: terminal.isRaw,
            door: door
        )
    }

    /// The tool of a name, if one can sign in to it.
    ///
    /// - Throws: a `UsageRefusal` that says what it takes instead.
    static func tool(named name: String, among tools: [Tool]) throws(UsageRefusal) -> Tool {
        let tool = try Ai.tool(named: name, among: tools)
        guard tool.signIn != nil else {
            throw UsageRefusal(refusal: Refusal("\(tool.name) has no sign-in of its own", hint: tool.keyHint))
        }
        return tool
    }
}
