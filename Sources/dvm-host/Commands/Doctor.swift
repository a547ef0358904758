internal import ArgumentParser
internal import DVMProtocol

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check that every protection holds",
        discussion: """
            Checks Lima and the configuration on this computer. With a VM, starts it where needed and probes what \
            protects it from the inside as well. Ends with status 1 when anything failed.

            Examples:
              dvm doctor
              dvm doctor app
              dvm doctor app --json
            """
    )

    @Argument(help: "Name of the VM", completion: .shellCommand("dvm ls --names"))
    var vm: String?

    @Flag(help: "Print JSON")
    var json = false

    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try vm.map { typed throws(UsageRefusal) in
            try UsageRefusal.from { () throws(Refusal) in try MachineName(typed) }
        }
        let session = try talk.session()
        var report = DoctorReport(checks: await HostChecks(session: session).checks(vm))
        if let vm { report.checks += await Self.guestChecks(vm, session) }
        try Output.print(
            json ? String(decoding: try JSON.encode(report, pretty: true), as: UTF8.self) : Self.text(report)
        )
        if !report.passed { throw Failed() }
    }

    private static func guestChecks(_ vm: MachineName, _ session: Session) async -> [DoctorReport.Check] {
        do {
            let (machine, known) = try await session.machine(vm)
            let instance = try await machine.ensureRunning(known, for: "doctor")
            let report = try await machine.withGuest(of: instance, note: session.display.note) { guest in
                try await guest.perform(.doctor, as: DoctorReport.self, progress: { _ in }, output: { _ in })
            }
            return report.checks
        } catch {
            return [HostChecks.failure("guest program", error)]
        }
    }

    /// The report for people; a guest wrote part of it.
    static func text(_ report: DoctorReport) -> String {
        let lines = report.checks.flatMap { check in
            let mark =
                switch check.verdict {
                case .pass: "✓"
                case .warn: "!"
                case .fail: "✗"
                }
            let found = check.found.isEmpty ? "" : ": \(check.found.printable)"
            return ["\(mark) \(check.name.printable)\(found)"] + (check.remedy.map { ["    \($0.printable)"] } ?? [])
        }
        let failed = report.checks.count { $0.verdict == .fail }
        let warned = report.checks.count { $0.verdict == .warn }
        return (lines + ["\(report.checks.count) checks, \(failed) failed, \(warned) with a warning"])
            .joined(separator: "\n")
    }
}
