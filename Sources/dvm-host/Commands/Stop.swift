internal import ArgumentParser
internal import DVMProtocol

struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop VMs, keeping everything in them",
        usage: "dvm stop <vm> ... [--inactive] [--force]\ndvm stop --all [--inactive] [--force]",
        discussion: """
            The next command that needs a VM starts it again. With --all, every VM of dvm's that runs is stopped, also \
            one without a configuration; Lima's other VMs are left alone.

            With --inactive, a VM goes on while anything works in it: a session of an AI tool, a program of DVM_USER's \
            such as a shell, tmux or a server, or a service of its recipes. One of which that is not known goes on, \
            too, and counts as failed.

            Examples:
              dvm stop app
              dvm stop --all
              dvm stop --inactive     stop every VM in which nothing works
              dvm stop --force app    switch it off, also when Lima says it is broken
            """
    )

    @OptionGroup var targets: VMsArgument

    @Flag(help: "Only where nothing works in it; without a VM, every one")
    var inactive = false

    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    @Flag(help: "Switch them off without letting them shut down")
    var force = false

    func run() async throws {
        let session = try talk.session()
        let named = inactive && targets.vms.isEmpty ? nil : try targets.named(for: "stop")
        if dry.isOn(session) { return try tell(named, session) }
        let limactl = try await session.limactl()
        var vms = named ?? []
        if named == nil {
            let instances = try await limactl.list()
            vms = instances.compactMap(\.machine).sorted()
            guard instances.contains(where: { $0.machine != nil && $0.status != .stopped }) else {
                return session.display.note("no VM runs")
            }
        }
        var many = StopMany(limactl: limactl, session: session, onlyInactive: inactive, force: force)
        many.isAll = named == nil
        if vms.count == 1, named != nil { return try await many.one(vms[0]) }

        let outcomes = try await many.run(vms)
        let words = (["dvm stop"] + (named ?? []).map(\.text) + (named == nil ? ["--all"] : [])).joined(separator: " ")
        let count = { outcome in outcomes.values.count { $0 == outcome } }
        Output.say(
            "\(words)\(inactive ? " --inactive" : ""): \(count(.stopped)) stopped, \(count(.skipped)) skipped, "
                + "\(count(.failed)) failed\n"
        )
        let failed = vms.filter { outcomes[$0] == .failed }.map(\.text)
        guard !failed.isEmpty else { return }
        let remedy = inactive ? "`dvm stop \(failed.joined(separator: " "))` stops them all the same" : nil
        throw Refusal(
            "\(failed.count) of \(vms.count) VMs could not be stopped: \(failed.joined(separator: ", "))",
            hint: remedy ?? (force ? nil : "`dvm stop --force \(failed.joined(separator: " "))` switches them off")
        )
    }

    private func tell(_ vms: [MachineName]?, _ session: Session) throws {
        let manner = force ? "switch off" : "stop"
        let rest = force ? "" : ", keeping everything in"
        let condition = inactive ? " and nothing works in it" : ""
        guard let vms else {
            return try Output.print(
                "`dvm stop --all` would \(manner) every VM of dvm's that runs\(condition)"
                    + "\(rest.isEmpty ? "" : "\(rest) them"); nothing was asked or done"
            )
        }
        for vm in vms {
            try session.tell(
                "`dvm stop \(vm)` would \(manner) \(vm.instance)\(rest.isEmpty ? "" : "\(rest) it"), where it runs"
                    + condition,
                of: vm
            )
        }
    }
}
