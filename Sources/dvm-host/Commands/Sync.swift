internal import ArgumentParser
internal import DVMProtocol

struct Sync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Make a VM what its configuration says",
        discussion: """
            Creates and starts the VM where needed, changes what has changed, installs dvm's program in it and sets up \
            its accounts and code directory. It can be run again at any time, also after one that was cut short.

            Examples:
              dvm sync app            make or update the VM “app”
              dvm sync --verbose app  the same, showing what Lima says
            """
    )

    @OptionGroup var target: VMArgument
    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        try await session.locked(vm, for: "sync") { try await Self.sync(vm, session) }
    }

    private static func sync(_ vm: MachineName, _ session: Session) async throws {
        let (machine, known) = try await session.machine(vm)
        let instance = try await machine.bringUp(known)
        let display = session.display

        let guest = try await display.step("guest program") {
            try machine.connect(to: instance, note: display.detail)
        }
        let log = try session.log("sync", of: vm)
        let done = try await display.step("accounts and code directory") { try provision(machine, guest, log) }
        for change in done.changes { log.note("changed: \(change.printable)") }
        Output.say(
            """
            ✓ \(vm) is ready
              dvm sh \(vm)         a shell in \(done.codeDirectory.printable)
              dvm ai claude \(vm)  an AI tool in its sandbox

            """
        )
    }

    private static func provision(_ machine: Machine, _ guest: GuestConnection, _ log: Log) throws -> Provisioned {
        let settings = machine.settings
        let plan = Provision(
            hostName: machine.name.text,
            user: settings.user,
            codeDirectory: settings.codeDirectory,
            agents: settings.agentPolicy,
            tools: settings.tools
        )
        let display = machine.session.display
        let start = log.size
        do {
            return try guest.perform(.provision(plan), as: Provisioned.self) {
                log.note("# \($0.step.printable)")
                display.detail($0.step)
            } output: {
                log.append($0)
                display.output($0)
            }
        } catch let refusal as Refusal {
            let last = log.lastLines(5, since: start).map { "\n\(String($0.prefix(500)).printable)" }.joined()
            let place = "the whole output is in \(log.path.shown)"
            throw Refusal(
                refusal.message + last,
                hint: [refusal.hint, place].compactMap(\.self).joined(separator: "; ")
            )
        }
    }
}
