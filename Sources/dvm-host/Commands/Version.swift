internal import ArgumentParser
internal import DVMProtocol

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Show the version",
        discussion: """
            Examples:
              dvm version
            """
    )

    func run() throws {
        try Output.print("dvm \(Release.version), protocol \(ProtocolVersion.spoken.newest.rawValue)")
    }
}
