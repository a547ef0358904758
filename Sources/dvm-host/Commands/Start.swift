internal import ArgumentParser
internal import DVMProtocol

struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start a VM as it is",
        discussion: """
            Every command that needs a VM starts it, so this is for services in it, and for ports that lead to it. \
            What has changed in its configuration is left to `dvm sync`.

            Examples:
              dvm start app
            """
    )

    @OptionGroup var target: VMArgument
    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        if dry.isOn(session) {
            return try session.tell("`dvm start \(vm)` would start \(vm.instance), where it does not run", of: vm)
        }
        let (machine, instance) = try await session.machine(vm)
        if instance?.status == .running { session.display.note("\(vm) runs already") }
        _ = try await machine.ensureRunning(instance, for: "start")
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
