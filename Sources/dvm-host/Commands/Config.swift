internal import ArgumentParser
internal import DVMProtocol

struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show what the configuration of a VM comes to",
        discussion: """
            Shows every value in effect and where it comes from: the file and, where they can be told, the lines; this \
            computer; the environment; or nothing but dvm itself. Then the recipes in the order they run, the secrets \
            these need and where each would come from, and setup scripts. Values of secrets are not looked at. Nothing \
            is started, and Lima is not asked.

            Examples:
              dvm config app
              dvm config app --json | jq -r '.variables.DVM_MEMORY.value'
            """
    )

    @OptionGroup var target: VMArgument

    @Flag(help: "Print JSON")
    var json = false

    /// What would keep a sync from running the recipes: of each its own, or why that cannot be told.
    private static func lacks(_ loaded: ConfigurationStore.Loaded) -> [Refusal] {
        do throws(Refusal) { return try UnitDraft.lacks(loaded) } catch { return [error] }
    }

    func run() async throws {
        let vm = try target.name()
        let session = try Session(.current)
        let loaded = try await session.configuration.load(vm)
        for line in loaded.printed.prefix(20) { session.display.note("configuration: \(line)") }
        let report = ConfigurationReport(of: vm, loaded, session.environment)
        if json {
            try Output.print(try JSON.text(report))
            return
        }
        for warning in loaded.warnings { session.display.note("warning: \(warning)") }
        for lack in Self.lacks(loaded) {
            session.display.note("warning: \(lack.message)" + (lack.hint.map { "; \($0)" } ?? ""))
        }
        let isTerminal = TerminalDevice.isTerminal(.standardOutput)
        let width = isTerminal ? TerminalDevice.size(of: .standardOutput).map { Int($0.columns) } : nil
        try Output.print(report.text(width: width))
    }
}
