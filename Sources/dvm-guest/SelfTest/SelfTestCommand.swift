internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

struct SelfTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selftest",
        abstract: "Attack the agent's sandbox and show what holds",
        discussion: """
            Tries to get out of the sandbox in every way of a list, in a session like any tool's, on a scratch project. \
            Where it does no harm the same is tried without the sandbox, to show that it can work. Takes half a minute; \
            ends with status 1 when anything is open.
            """
    )

    @Flag(help: "Print the report as JSON")
    var json = false

    func run() throws {
        let report = geteuid() == 0 ? try SelfTest.run { _ in } : try Self.askLauncher()
        print(json ? try JSON.text(report) : report.text)
        if !report.passed { throw ExitCode(1) }
    }

    private static func askLauncher() throws -> SelfTestReport {
        let link = try AgentConnection.open()
        switch try ClientLoop(link, terminal: nil).run(.task(.selfTest)) {
        case .ended(.result(let bytes)): return try JSON.decode(SelfTestReport.self, from: bytes)
        case .ended(.refused(let refusal)): throw refusal
        case .ended(.exit), .left: throw Refusal("the launcher ended the self-test without a report")
        }
    }
}
