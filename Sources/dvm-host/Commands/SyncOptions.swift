internal import ArgumentParser
internal import DVMProtocol

/// Which VMs a command is about.
struct VMsArgument: ParsableArguments {
    @Argument(help: "Names of VMs", completion: .shellCommand("dvm ls --names"))
    var vms: [String] = []

    @Flag(name: .shortAndLong, help: "All VMs")
    var all = false

    /// The VMs that are named, each once; nothing for all of them.
    ///
    /// - Throws: a `UsageRefusal` when it is not clear which are meant.
    func named(for verb: String) throws(UsageRefusal) -> [MachineName]? {
        guard !all || vms.isEmpty else {
            throw UsageRefusal(
                refusal: Refusal("VMs are named beside --all", hint: "name the ones you mean, or say --all alone")
            )
        }
        if all { return nil }
        guard !vms.isEmpty else {
            throw UsageRefusal(
                refusal: Refusal(
                    "`dvm \(verb)` needs the name of a VM",
                    hint: "`dvm ls` shows the ones there are; `dvm \(verb) --all` takes all of them"
                )
            )
        }
        var names: [MachineName] = []
        for word in vms {
            let name = try UsageRefusal.from { () throws(Refusal) in try MachineName(word) }
            if !names.contains(name) { names.append(name) }
        }
        return names
    }
}

/// Which VMs a command is about, of which it can do several at once, and how it tells.
struct SyncOptions: ParsableArguments {
    @OptionGroup var targets: VMsArgument

    @Option(name: .shortAndLong, help: ArgumentHelp("Work on this many VMs at once", valueName: "number"))
    var jobs = 4

    @Flag(help: "Restart a VM where its configuration needs that, also while something works in it")
    var restart = false

    @Flag(help: "Print lines of JSON")
    var json = false

    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    /// The most VMs at once: each has a thread, and a link with a process on this computer.
    static let mostJobs = 32

    /// The VMs: those that are named, or all that have a configuration.
    ///
    /// - Throws: a `UsageRefusal` when it is not clear which are meant, a `Refusal` when there is none.
    func names(_ session: Session, for verb: String) throws -> [MachineName] {
        guard (1...Self.mostJobs).contains(jobs) else {
            throw UsageRefusal(
                refusal: Refusal("\(jobs) VMs at once", hint: "write a number from 1 to \(Self.mostJobs) after --jobs")
            )
        }
        if let named = try targets.named(for: verb) { return named }
        let names = session.configuration.names()
        session.tellMisnamed()
        guard !names.isEmpty else {
            throw Refusal(
                "there is no VM in \(session.paths.config.appending("vms").shown)",
                hint: "`dvm init app` writes the configuration of one"
            )
        }
        return names
    }
}

/// Whether a command only tells what it would do.
struct DryRunOption: ParsableArguments {
    @Flag(
        name: [.customLong("dry-run")],
        help: "Print what would be done, and do nothing (also with DVM_DRY_RUN=1)"
    )
    var isAsked = false

    /// Whether it was asked for, here or in the environment.
    func isOn(_ session: Session) -> Bool { isAsked || session.environment.isDryRun }
}

extension MachineName {
    /// What a command that needs the VM does first, after “would”.
    var starting: String { "start \(instance), where it does not run" }
}

extension Session {
    /// Warns of what looks like the configuration of a VM, and is none, where all VMs are meant.
    func tellMisnamed() { for line in configuration.misnamed() { display.note("warning: \(line)") } }

    /// Prints what a command would do to a VM, without asking Lima or the VM.
    ///
    /// - Throws: a `Refusal` when there is neither a configuration of such a VM nor anything of Lima's.
    func tell(_ text: String, of vm: MachineName) throws {
        guard configuration.names().contains(vm) || Files.exists(paths.instance(of: vm)) else {
            throw configuration.unknown(vm)
        }
        try Output.print("\(text); nothing was asked or done")
    }
}
