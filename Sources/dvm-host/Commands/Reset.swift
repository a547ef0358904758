internal import ArgumentParser
internal import DVMProtocol

struct Reset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Delete a VM and make it anew from its configuration",
        discussion: """
            Reads the configuration, the recipes and their secrets first, and deletes nothing when anything is wrong \
            with them. Refused, as `dvm rm` is, while there may be work in the VM that is nowhere else, \
            or it has snapshots.

            Examples:
              dvm reset app --yes
              dvm reset app --yes --force   whatever it holds
            """
    )

    @OptionGroup var target: VMArgument
    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    @OptionGroup var deletion: DeletionOptions

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        let texts = RecipeTexts(try session.configuration.shelf())
        if dry.isOn(session) {
            guard session.configuration.names().contains(vm) else { throw session.configuration.unknown(vm) }
            let condition = deletion.force ? "" : ", unless it may hold work that is nowhere else,"
            try Output.print(
                "`dvm reset \(vm)` would delete \(vm.instance) with everything in it\(condition) and then:\n"
            )
            return try await DryRun(session: session, texts: texts, request: UnitRequest(isForced: true))
                .sync([vm], "reset")
        }
        guard deletion.yes else {
            throw Refusal(
                "`dvm reset \(vm)` would delete the VM with everything in it, and make it anew",
                hint: "say that you mean it: `dvm reset \(vm) --yes`"
            )
        }
        let meant = MadeMoment(of: vm, in: session.paths)
        do {
            try await Interruption.guarding { interruption in
                try await session.holding(vm, for: "reset") { session in
                    try meant.check(vm, in: session.paths, for: "reset")
                    try await reset(vm, session, texts, interruption)
                }
            }
        } catch var interrupted as Interrupted {
            interrupted.note =
                "interrupted; `dvm ls` shows whether \(vm) is there still, `dvm sync \(vm)` makes it where it is not"
            throw interrupted
        }
    }

    private func reset(
        _ vm: MachineName,
        _ session: Session,
        _ texts: RecipeTexts,
        _ interruption: Interruption
    ) async throws {
        // Everything that could be wrong on this computer is found out before anything is lost.
        let input = try await SyncInput.load(vm, session, texts, UnitRequest())
        try input.checkNeeds(vm, UnitNotes(), UnitRequest())
        let limactl = try await session.limactl()
        if let instance = try await limactl.instance(of: vm) {
            try await Snapshots(vm: vm, limactl: limactl, session: session)
                .requireNone(in: instance, force: deletion.force, for: "reset")
            try await WorkCheck(name: vm, limactl: limactl, session: session, stop: interruption.reader)
                .require(instance, force: deletion.force, for: "reset")
            try await MachineEnd(name: vm, limactl: limactl, session: session).delete()
        }
        let sync = VMSync(vm: vm, session: session, texts: texts, interruption: interruption, verb: "reset")
        Output.say(SyncJobs.text(try await sync.run(), vm))
    }
}
