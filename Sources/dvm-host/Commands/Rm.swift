internal import ArgumentParser
internal import DVMProtocol

struct Rm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Delete a VM with everything in it",
        discussion: """
            Refused while there is work in the VM's code directory that is nowhere else, or while that cannot be found \
            out; `dvm work` shows it. So it is while the VM has snapshots, which nobody looks into. What else is in the VM goes without a question. The configuration on this \
            computer is kept, unless --config says otherwise.

            Examples:
              dvm rm app --yes
              dvm rm app --yes --force    delete it whatever it holds, saying what that is
              dvm rm app --yes --config   delete its configuration, too
            """
    )

    @OptionGroup var target: VMArgument
    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    @OptionGroup var deletion: DeletionOptions

    @Flag(help: "Delete its configuration on this computer, too: the files that dvm reads of it, and no others")
    var config = false

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        if dry.isOn(session) {
            let condition = deletion.force ? "" : ", unless it may hold work that is nowhere else"
            return try session.tell(
                "`dvm rm \(vm)` would delete \(vm.instance) with everything in it\(condition); its configuration "
                    + "would \(config ? "go, too" : "stay")",
                of: vm
            )
        }
        guard deletion.yes else {
            throw Refusal(
                "`dvm rm \(vm)` would delete the VM with everything in it",
                hint: "say that you mean it: `dvm rm \(vm) --yes`"
            )
        }
        let limactl = try await session.limactl()
        // Before there is a lock: a mistyped name leaves nothing behind.
        guard try await session.isKnown(vm, to: limactl) else { throw session.configuration.unknown(vm) }
        let meant = MadeMoment(of: vm, in: session.paths)
        do {
            try await Interruption.guarding { interruption in
                try await session.holding(vm, for: "rm") { session in
                    try meant.check(vm, in: session.paths, for: "rm")
                    try await remove(vm, limactl, session, interruption)
                }
            }
        } catch var interrupted as Interrupted {
            interrupted.note = "interrupted; `dvm ls` shows whether \(vm) is there still"
            throw interrupted
        }
        if !config, let file = try? session.configuration.file(of: vm) {
            session.display.note("its configuration stays: \(file.path.shown)")
        }
    }

    private func remove(
        _ vm: MachineName,
        _ limactl: Limactl,
        _ session: Session,
        _ interruption: Interruption
    ) async throws {
        if let instance = try await limactl.instance(of: vm) {
            try await Snapshots(vm: vm, limactl: limactl, session: session)
                .requireNone(in: instance, force: deletion.force, for: "rm")
            let check = WorkCheck(name: vm, limactl: limactl, session: session, stop: interruption.reader)
            try await check.require(instance, force: deletion.force, for: "rm")
            try await MachineEnd(name: vm, limactl: limactl, session: session).delete()
        } else {
            try Self.forgetUnmade(vm, session)
        }
        if config { try Self.removeConfiguration(of: vm, session) }
    }

    /// Forgets a VM that Lima does not know.
    ///
    /// - Throws: a `Refusal` when there is a directory of it: deleting unknown trees is not for us.
    private static func forgetUnmade(_ vm: MachineName, _ session: Session) throws(Refusal) {
        let directory = session.paths.instance(of: vm)
        guard !Files.exists(directory) else {
            throw Refusal(
                "Lima does not list \(vm.instance), and there is \(directory.shown)",
                hint: "look whether anything in it is needed, then remove it with `rm -r \(directory.quoted)`"
            )
        }
        session.display.note("\(vm) has not been made, so there is no VM to delete")
        // What Lima alone deleted is remembered here still.
        for path in session.state(of: vm).forget() { session.display.note("\(path.shown) cannot be removed") }
    }

    private static func removeConfiguration(of vm: MachineName, _ session: Session) throws(Refusal) {
        let removal = try session.configuration.remove(vm)
        for path in removal.removed { session.display.note("removed \(path.shown)") }
        for path in removal.kept { session.display.note("\(path.shown) stays: not all of it is dvm's") }
    }
}
