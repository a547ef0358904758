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
            json ? try JSON.text(report) : report.text
        )
        if !report.passed { throw Failed() }
    }

    private static func guestChecks(_ vm: MachineName, _ session: Session) async -> [DoctorReport.Check] {
        do {
            let (machine, known) = try await session.machine(vm)
            let instance = try await machine.ensureRunning(known, for: "doctor")
            let guest = try machine.connect(to: instance, note: session.display.note)
            let report = try guest.perform(.doctor, as: DoctorReport.self)
            return report.checks
        } catch {
            return [HostChecks.failure("guest program", error)]
        }
    }
}
