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

    /// The version of this build.
    static let number = "0.1.0"

    func run() throws {
        try Output.print("dvm \(Self.number), protocol \(ProtocolVersion.spoken.newest.rawValue)")
    }
}
