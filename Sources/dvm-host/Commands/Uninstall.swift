internal import ArgumentParser
internal import DVMProtocol

struct Uninstall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall",
        abstract: "Take dvm off this computer, keeping what you wrote",
        discussion: """
            Without --yes it only lists what it would remove: logs and notes about VMs, locks, and of what \
            `make install` brought what is still the same. Your configuration stays, and so does Lima. VMs must be \
            deleted first, and no other dvm may be at work.

            Examples:
              dvm uninstall
              dvm uninstall --yes
            """
    )

    @Flag(help: "Do it")
    var yes = false

    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let session = try talk.session()
        let installed = InstalledFiles(beside: try OwnExecutable.path())
        let work = Uninstallation(paths: session.paths, installed: installed)
        let isMeant = yes && !dry.isOn(session)
        try work.checkMachines()
        let locks = isMeant ? try work.locks(besides: session.configuration.names()) : []
        // Held until everything is gone, their own files with it.
        defer { withExtendedLifetime(locks) {} }
        // Whoever had a lock before us may have made one.
        if isMeant { try work.checkMachines() }
        let plan = work.plan()
        for path in plan.files + plan.directories { try Output.print(path.shown) }
        for path in plan.kept {
            session.display.note("\(path.shown) stays: it is not known to be dvm's, or has changed")
        }
        if installed == nil {
            session.display.note("dvm's programs stay: there is no list of what was installed with them")
        }
        session.display.note("your configuration stays: \(session.paths.config.shown)")
        let ssh = try? PersonalSshConfig(session.paths)
        if let ssh, ssh.hasLine { session.display.note("dvm's line in \(ssh.path.shown) goes, and nothing else in it") }
        guard isMeant else {
            return session.display.note("nothing was removed; `dvm uninstall --yes` removes what is listed")
        }
        do {
            if let ssh, ssh.hasLine { _ = try ssh.remove() }
        } catch {
            // ssh passes over a line that leads to nothing.
            session.display.note("\(error.message); \(error.hint ?? "")")
        }
        let failed = Uninstallation.carryOut(plan)
        guard failed.isEmpty else {
            throw Refusal(
                "these could not be removed:\n\(failed.prefix(20).map(\.shown).joined(separator: "\n"))",
                hint: "is the installation root's? then run `sudo rm` for them"
            )
        }
        Output.say("✓ dvm is removed\n")
    }
}
