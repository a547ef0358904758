internal import ArgumentParser
internal import DVMProtocol

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what a service in a VM writes to the journal",
        discussion: """
            Starts the VM where needed. Without a unit, it is the service of the VM's recipes, if there is one and no \
            more; a recipe can be named as well. Where one is named, a VM that runs is asked whether or not its \
            configuration is sound. Without any option, the last 100 lines are shown.

            Examples:
              dvm logs llama                       the service of the recipe the VM uses
              dvm logs app docker.service -f       follow a unit; Ctrl-C ends it
              dvm logs app sshd -n 20 --since -1h
            """,
        aliases: ["log"]
    )

    @OptionGroup var target: VMArgument

    @Argument(help: "A unit of systemd's, or a recipe that sets one up")
    var unit: String?

    @Flag(name: .shortAndLong, help: "Go on with what is written from now on")
    var follow = false

    @Option(
        name: [.customShort("n", allowingJoined: true), .long],
        parsing: .unconditional,
        help: "How many of the last lines, or all"
    )
    var lines: String?

    @Option(
        name: [.customShort("S"), .long],
        parsing: .unconditional,
        help: "From when on, as systemd writes times, such as -1h or yesterday"
    )
    var since: String?

    @Option(name: [.customShort("U"), .long], parsing: .unconditional, help: "Until when")
    var until: String?

    @Option(name: .shortAndLong, help: "How grave at least, such as warning")
    var priority: String?

    @Option(name: .shortAndLong, help: "How a line looks, such as cat, short-iso or json")
    var output: String?

    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let options = try UsageRefusal.from { () throws(Refusal) in try self.options() }
        let session = try talk.session()
        // A mistake in the configuration must keep nobody from the journal who says what they want of it.
        let recipes =
            unit == nil
            ? try await session.configuration.load(vm).selection : (try? session.configuration.shelf().sound) ?? []
        let query = JournalQuery(unit: try Self.unit(unit, of: vm, recipes), options: options)
        try query.check()
        try await session.run(
            .journal(query),
            in: vm,
            for: "logs",
            wantsTerminal: false,
            needsConfiguration: unit == nil
        )
    }

    /// What of the journal is wanted.
    ///
    /// - Throws: a `Refusal` that quotes what is wrong.
    func options() throws(Refusal) -> JournalQuery.Options {
        var words = follow ? ["-f"] : []
        for (name, value) in [("-n", lines), ("-S", since), ("-U", until), ("-p", priority), ("-o", output)] {
            if let value { words += [name, value] }
        }
        var options = try JournalQuery.Options(words: words)
        // As journalctl does with -f alone; what a service ever wrote is more than anybody reads.
        if lines == nil, since == nil { options.lines = follow ? 10 : 100 }
        return options
    }

    /// The unit that is meant: among the services of the VM's recipes, or of all recipes where one is named.
    ///
    /// - Throws: a `Refusal` with the units to choose from when it is not clear.
    static func unit(_ typed: String?, of vm: MachineName, _ recipes: [Recipe]) throws(Refusal) -> String {
        let services = recipes.compactMap { recipe in recipe.header.service.map { (recipe.name.text, $0) } }
        if let typed { return services.first { $0.0 == typed }?.1 ?? typed }
        guard let only = services.first else {
            throw Refusal(
                "none of the recipes of \(vm) sets up a service, so a unit must be named",
                hint: "such as `dvm logs \(vm) systemd-journald`; `dvm ssh \(vm) systemctl list-units` shows them"
            )
        }
        guard services.count == 1 else {
            throw Refusal(
                "\(vm) has \(services.count) services, so one must be named",
                hint: "name one of \(services.map(\.1).joined(separator: ", "))"
            )
        }
        return only.1
    }
}
