internal import ArgumentParser
internal import DVMProtocol

/// `dvm-guest ready`: an `enter` whose streams come over descriptor 3, before its order.
struct ReadyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ready",
        abstract: "Become a program, later",
        discussion: "Started by dvm-guest serve; not of use by hand.",
        shouldDisplay: false
    )

    func run() {
        // When whoever started us ends without needing us, so do we.
        guard DescriptorPassing.receiveStandardStreams(over: ReportStream.inherited.descriptor) else { return }
        Enter().run()
    }
}
