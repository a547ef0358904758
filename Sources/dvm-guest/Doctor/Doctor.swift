internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show whether every protection of this VM holds",
        discussion:
            "The checks are made by root, who alone sees all of it; the VM's user asks for them over dvm's socket."
    )

    @Flag(help: "Print the report as JSON")
    var json = false

    func run() throws {
        let report = geteuid() == 0 ? Diagnosis.run() : try Self.askLauncher()
        if json {
            print(try JSON.text(report))
        } else {
            print(report.text)
        }
        if !report.passed { throw ExitCode(1) }
    }

    private static func askLauncher() throws -> DoctorReport {
        let link = try AgentConnection.open()
        switch try ClientLoop(link, terminal: nil).run(.task(.doctor)) {
        case .ended(.result(let bytes)): return try JSON.decode(DoctorReport.self, from: bytes)
        case .ended(.refused(let refusal)): throw refusal
        case .ended(.exit), .left: throw Refusal("the launcher ended the checks without a report")
        }
    }
}
