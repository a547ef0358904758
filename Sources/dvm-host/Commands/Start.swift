internal import ArgumentParser
internal import DVMProtocol

struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start VMs as they are",
        usage: "dvm start <vm> ...\ndvm start --all",
        discussion: """
            Every command that needs a VM starts it, so this is for services in it, and for ports that lead to it. \
            What has changed in its configuration is left to `dvm sync`. With --all, every VM that has been made and has \
            a configuration is started.

            Examples:
              dvm start app
              dvm start --all
            """
    )

    @OptionGroup var targets: VMsArgument
    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    /// What became of a VM.
    private enum Outcome: Hashable, Sendable { case started, skipped, failed }

    func run() async throws {
        let session = try talk.session()
        let named = try targets.named(for: "start")
        if dry.isOn(session) { return try tell(named, session) }
        if let vm = named?.first, named?.count == 1 {
            _ = try await Self.start(vm, session, isAll: false)
            return
        }
        let vms = if let named { named } else { try await Self.all(session) }
        guard !vms.isEmpty else { return session.display.note("there is no VM to start") }
        let outcomes = try await Interruption.covering(saying: "interrupted; `dvm ls` shows which VMs run") {
            let outcomes = await session.each(of: vms, failed: .failed) { vm, session in
                try await Self.start(vm, session, isAll: named == nil)
            }
            try Task.checkCancellation()
            return outcomes
        }
        let count = { outcome in outcomes.values.count { $0 == outcome } }
        Output.say(
            "dvm start \(named.map { $0.map(\.text).joined(separator: " ") } ?? "--all"): \(count(.started)) started, "
                + "\(count(.skipped)) skipped, \(count(.failed)) failed\n"
        )
        let failed = vms.filter { outcomes[$0] == .failed }.map(\.text).joined(separator: ", ")
        guard failed.isEmpty else {
            throw Refusal("\(count(.failed)) of \(vms.count) VMs could not be started: \(failed)")
        }
    }

    /// The VMs that have been made and can be started: one without a configuration cannot be checked before.
    private static func all(_ session: Session) async throws -> [MachineName] {
        let made = try await session.limactl().list().compactMap(\.machine).sorted()
        let configured = Set(session.configuration.names())
        session.tellMisnamed()
        for vm in made where !configured.contains(vm) {
            session.display.note("\(vm) has no configuration, and is left as it is")
        }
        return made.filter(configured.contains)
    }

    private static func start(_ vm: MachineName, _ session: Session, isAll: Bool) async throws -> Outcome {
        // Also where it runs: another dvm may be about to stop it.
        try await session.holding(vm, for: "start") { session in
            let (machine, instance) = try await session.machine(vm)
            let runs = instance?.status == .running
            if runs, !isAll { session.display.note("\(vm) runs already") }
            _ = try await machine.ensureRunning(instance, for: "start")
            return runs ? .skipped : .started
        }
    }

    private func tell(_ vms: [MachineName]?, _ session: Session) throws {
        guard let vms else {
            return try Output.print(
                "`dvm start --all` would start every VM that has been made and does not run; nothing was asked or done"
            )
        }
        for vm in vms {
            try session.tell("`dvm start \(vm)` would start \(vm.instance), where it does not run", of: vm)
        }
    }
}

struct Restart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Stop a VM and start it again",
        discussion: """
            Everything that runs in it ends. It is not stopped when it could not be started again.

            Examples:
              dvm restart app
              dvm restart --force app    switch it off, where it does not shut down
            """
    )

    @OptionGroup var target: VMArgument
    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    @Flag(help: "Switch it off without letting it shut down")
    var force = false

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        if dry.isOn(session) {
            let manner = force ? "switch off" : "stop"
            return try session.tell(
                "`dvm restart \(vm)` would \(manner) \(vm.instance), where it runs, and start it",
                of: vm
            )
        }
        do {
            try await Interruption.guarding { _ in
                try await session.holding(vm, for: "restart") { session in
                    let (machine, known) = try await session.machine(vm)
                    if let known {
                        try machine.checkConfiguration(of: known)
                        let end = MachineEnd(name: vm, limactl: machine.limactl, session: session)
                        _ = try await end.stop(known, force: force)
                    }
                    _ = try await machine.ensureRunning(try await machine.limactl.instance(of: vm), for: "restart")
                }
            }
        } catch var interrupted as Interrupted {
            interrupted.note = "interrupted; `dvm ls` shows whether \(vm) runs, `dvm start \(vm)` starts it"
            throw interrupted
        }
    }
}
