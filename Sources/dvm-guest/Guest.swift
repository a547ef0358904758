internal import ArgumentParser
internal import DVMProtocol

@main
struct Guest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dvm-guest",
        abstract: "The part of dvm that lives in a VM",
        subcommands: [Enter.self, Inner.self, SandboxProbe.self]
    )
}
