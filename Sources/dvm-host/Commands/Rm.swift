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
    @OptionGroup var talk: TalkOptions

    @Flag(help: "Say that you mean it")
    var yes = false

    @Flag(help: "Delete it even when the code directory is not empty, or cannot be looked at")
    var force = false

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
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
        if !force { try await checkEmpty(vm, instance, session) }
        try await session.locked(vm, for: "rm") {
            try await MachineEnd(name: vm, limactl: limactl, session: session).delete()
        }
        if let file = try? session.configuration.file(of: vm) {
            session.display.note("its configuration stays: \(file.path.shown)")
        }
    }

    /// Refuses while anything could be lost.
    private func checkEmpty(_ vm: MachineName, _ instance: LimaInstance, _ session: Session) async throws {
        let found: CodeDirectory
        do {
            let (machine, known) = try await session.machine(vm)
            let running = try await machine.ensureRunning(known ?? instance, for: "rm")
            let connection = try machine.connect(to: running, note: session.display.note)
            found = try connection.perform(.codeDirectory, as: CodeDirectory.self)
            connection.close()
        } catch let refusal as Refusal {
            throw Refusal(
                "it is not known whether \(vm) holds work, so it is not deleted:\n\(refusal.message)",
                hint: "\(refusal.hint.map { "\($0); " } ?? "")`dvm rm \(vm) --yes --force` deletes it all the same"
            )
        }
        guard found.entries == 0 else {
            throw Refusal(
                "\(found.path.printable) in \(vm) is not empty (\(found.entries) entries)",
                hint: "look with `dvm sh \(vm)`; `dvm rm \(vm) --yes --force` deletes it all the same"
            )
        }
    }
}
