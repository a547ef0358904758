internal import ArgumentParser
internal import DVMProtocol

struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop a VM, keeping everything in it",
        discussion: """
            The next command that needs the VM starts it again.

            Examples:
              dvm stop app
              dvm stop --force app    switch it off, also when Lima says it is broken
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
            let manner = force ? "switch off \(vm.instance)" : "stop \(vm.instance), keeping everything in it"
            return try Output.print("`dvm stop \(vm)` would \(manner), where it runs; nothing was asked or done")
        }
        try await session.locked(vm, for: "stop") {
            let limactl = try await session.limactl()
            guard let instance = try await limactl.instance(of: vm) else {
                let isKnown = session.configuration.names().contains(vm)
                if !isKnown { throw session.configuration.unknown(vm) }
                session.display.note("\(vm) has not been made, so there is nothing to stop")
                return
            }
            let end = MachineEnd(name: vm, limactl: limactl, session: session)
            if try await !end.stop(instance, force: force) { session.display.note("\(vm) is stopped already") }
        }
    }
}
