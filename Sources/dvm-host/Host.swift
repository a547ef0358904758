internal import ArgumentParser
internal import DVMProtocol

@main
struct Host: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dvm",
        abstract: "Keep your projects off the laptop, each in a VM of its own"
    )
}
