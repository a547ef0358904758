internal import ArgumentParser
internal import DVMProtocol

struct SelfTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selftest",
        abstract: "Attack the sandbox of AI tools and show what holds",
        discussion: """
            Tries to get out of the sandbox in every way of a list, in the VM, in a session like any tool's on a scratch \
            project. Says of each what blocked it, and whether the same works without the sandbox. Takes about half a \
            minute. Ends with status 1 when anything is open.

            Examples:
              dvm selftest app
              dvm selftest app --json
            """
    )

    @OptionGroup var target: VMArgument

    @Flag(help: "Print JSON")
    var json = false

    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        let (machine, known) = try await session.machine(vm)
        let instance = try await machine.ensureRunning(known, for: "selftest")
        let display = session.display
        let report = try await display.step("attacks") {
            let guest = try machine.connect(to: instance, note: display.detail)
            return try guest.perform(.selfTest, as: SelfTestReport.self) {
                display.detail($0.step)
            } output: {
                display.output($0)
            }
        }
        try Output.print(json ? try JSON.text(report) : report.text)
        if !report.passed { throw Failed() }
    }
}
