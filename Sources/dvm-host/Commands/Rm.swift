internal import ArgumentParser
internal import DVMProtocol

struct Rm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Delete a VM with everything in it",
        discussion: """
            Refused while the code directory in the VM holds anything, or while that cannot be found out: what is in \
            the VM is nowhere else. The configuration on this computer is kept.

            Examples:
              dvm rm app --yes
              dvm rm app --yes --force   delete it whatever it holds
            """
    )

    @OptionGroup var target: VMArgument
    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    @Flag(help: "Say that you mean it")
    var yes = false

    @Flag(help: "Delete it even when the code directory is not empty, or cannot be looked at")
    var force = false

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        if dry.isOn(session) {
            let condition = force ? "" : ", unless its code directory holds anything or cannot be looked at"
            return try Output.print(
                "`dvm rm \(vm)` would delete \(vm.instance) with everything in it\(condition); its configuration "
                    + "would stay; nothing was asked or done"
            )
        }
        guard yes else {
            throw Refusal(
                "`dvm rm \(vm)` would delete the VM with everything in it",
                hint: "say that you mean it: `dvm rm \(vm) --yes`"
            )
        }
        let limactl = try await session.limactl()
        guard let instance = try await limactl.instance(of: vm) else {
            // A directory without an instance is left to be dealt with by hand; deleting unknown trees is not for us.
            if !session.configuration.names().contains(vm) { throw session.configuration.unknown(vm) }
            session.display.note("\(vm) has not been made, so there is nothing to delete")
            return
        }
        if !force { try Self.check(await Self.look(into: vm, instance, session), in: vm) }
        try await session.locked(vm, for: "rm") {
            try await MachineEnd(name: vm, limactl: limactl, session: session).delete()
            session.state(of: vm).forget()
        }
        if let file = try? session.configuration.file(of: vm) {
            session.display.note("its configuration stays: \(file.path.shown)")
        }
    }

    /// Finds out what a VM holds, starting it where needed.
    private static func look(
        into vm: MachineName,
        _ instance: LimaInstance,
        _ session: Session
    ) async -> Result<CodeDirectory, any Error> {
        do {
            let (machine, known) = try await session.machine(vm)
            let running = try await machine.ensureRunning(known ?? instance, for: "rm")
            let guest = try machine.connect(to: running, note: session.display.note)
            return .success(try guest.perform(.codeDirectory, as: CodeDirectory.self))
        } catch {
            return .failure(error)
        }
    }

    /// Refuses while anything could be lost.
    static func check(_ found: Result<CodeDirectory, any Error>, in vm: MachineName) throws(Refusal) {
        let allTheSame = "`dvm rm \(vm) --yes --force` deletes it all the same"
        switch found {
        case .failure(let error):
            let refusal = error as? Refusal ?? Refusal("\(error)")
            throw Refusal(
                "it is not known whether \(vm) holds work, so it is not deleted:\n\(refusal.message)",
                hint: [refusal.hint, allTheSame].compactMap(\.self).joined(separator: "; ")
            )
        case .success(let directory) where directory.entries != 0:
            throw Refusal(
                "\(directory.path.printable) in \(vm) is not empty (\(directory.entries) entries)",
                hint: "look with `dvm sh \(vm)`; \(allTheSame)"
            )
        case .success: return
        }
    }
}
