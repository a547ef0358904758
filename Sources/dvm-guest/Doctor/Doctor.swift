internal import ArgumentParser
internal import DVMProtocol

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show whether every protection of this VM holds",
        discussion: "Run it as root (`dvm doctor` on the host does): some of what it looks at is closed to others."
    )

    @Flag(help: "Print the report as JSON")
    var json = false

    func run() throws {
        let report = try Diagnosis.run()
        if json {
            print(String(decoding: try JSON.encode(report, pretty: true), as: UTF8.self))
        } else {
            print(report.text)
        }
        if !report.passed { throw ExitCode(1) }
    }
}
