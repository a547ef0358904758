internal import ArgumentParser
internal import DVMProtocol

struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop VMs, keeping everything in them",
        usage: "dvm stop <vm> ... [--force]\ndvm stop --all [--force]",
        discussion: """
            The next command that needs a VM starts it again. With --all, every VM of dvm's that runs is stopped, also \
            one without a configuration; Lima's other VMs are left alone.

            Examples:
              dvm stop app
              dvm stop --all
              dvm stop --force app    switch it off, also when Lima says it is broken
            """
    )

    @OptionGroup var targets: VMsArgument
    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    @Flag(help: "Switch them off without letting them shut down")
    var force = false

    func run() async throws {
        let session = try talk.session()
        let named = try targets.named(for: "stop")
        if dry.isOn(session) { return try Output.print(Self.plan(named, force: force)) }
        var vms = named ?? []
        if named == nil {
            vms = try await session.limactl().list().filter { $0.status != .stopped }.compactMap(\.machine).sorted()
            guard !vms.isEmpty else { return session.display.note("no VM runs") }
        }
        if vms.count == 1 { return try await stop(vms[0], session) }

        // One that does not stop keeps no other running.
        var failed: [String] = []
        for vm in vms {
            do {
                try await stop(vm, session)
            } catch let refusal as Refusal {
                failed.append(vm.text)
                session.display.note("\(vm): \(refusal.message)")
            }
        }
        guard !failed.isEmpty else { return }
        throw Refusal(
            "\(failed.count) of \(vms.count) VMs could not be stopped: \(failed.joined(separator: ", "))",
            hint: force ? nil : "`dvm stop --force \(failed.joined(separator: " "))` switches them off"
        )
    }

    private func stop(_ vm: MachineName, _ session: Session) async throws {
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

    private static func plan(_ vms: [MachineName]?, force: Bool) -> String {
        let manner = force ? "switch off" : "stop"
        let rest = force ? "" : ", keeping everything in"
        guard let vms else {
            return "`dvm stop --all` would \(manner) every VM of dvm’s that runs\(rest.isEmpty ? "" : "\(rest) them"); "
                + "nothing was asked or done"
        }
        return vms.map { vm in
            "`dvm stop \(vm)` would \(manner) \(vm.instance)\(rest.isEmpty ? "" : "\(rest) it"), where it runs; "
                + "nothing was asked or done"
        }.joined(separator: "\n")
    }
}
