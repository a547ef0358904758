internal import ArgumentParser
internal import DVMProtocol

struct Sync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Make VMs what their configuration says",
        usage: "dvm sync <vm> ... [--force] [--only <recipe>] [--restart]\ndvm sync --all [--jobs <number>]",
        discussion: """
            Creates and starts a VM where needed, changes what has changed, installs dvm's program in it, sets up its \
            accounts and code directory, and runs its recipes and setup scripts. A recipe that has succeeded runs \
            again only when it, its variables, its secrets or what it needs have changed. It can be run again at any \
            time, also after one that was cut short, and goes on where that stopped.

            Some changes need a VM to restart. While a session of an AI tool or a program of DVM_USER's runs in it, you \
            are asked first, and without a terminal the VM is left as it is, which counts as failed; --restart \
            restarts it all the same.

            The output of each recipe is in ~/.local/state/dvm/<vm>/<recipe>.log.

            Examples:
              dvm sync app                make or update the VM “app”
              dvm sync app --dry-run      show what that would do, and do nothing
              dvm sync app --only node    run nothing but the recipe “node” and what it needs
              dvm sync app --force        run every recipe again
              dvm sync --all -j 2         all VMs, two at a time
              dvm sync --verbose app      show the output of every program
            """
    )

    @OptionGroup var options: SyncOptions

    @Flag(help: "Run recipes that need not run, too; with --only, those")
    var force = false

    @Option(help: "Run only this recipe or setup script, and what it needs (can be repeated)")
    var only: [String] = []

    func run() async throws {
        try await options.sync("sync", UnitRequest(isForced: force, only: Set(only)))
    }
}

struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Bring the programs of VMs' recipes up to date",
        usage: "dvm update <vm> ...\ndvm update --all [--jobs <number>]",
        discussion: """
            Does what `dvm sync` does, and runs every recipe again with DVM_UPDATE=1, whether anything has changed or \
            not: packages are upgraded, and programs that have a version pinned are installed in that version. Setup \
            scripts run only when they have changed. AI tools cannot update themselves: their programs belong to the \
            VM's root.

            A recipe that cannot run again without a secret is left out where the secret is not there.

            Examples:
              dvm update app
              dvm update --all
            """
    )

    @OptionGroup var options: SyncOptions

    func run() async throws { try await options.sync("update", UnitRequest(isUpdate: true)) }
}

extension SyncOptions {
    /// Carries out a command that makes VMs what their configuration says, or tells what it would do.
    fileprivate func sync(_ verb: String, _ request: UnitRequest) async throws {
        var session = try talk.session()
        if json { session.display = ProgressDisplay(on: .standard(.init(session.environment, isJSON: true))) }
        let names = try names(session, for: verb)
        let texts = RecipeTexts(try session.configuration.shelf())
        if dry.isOn(session) {
            return try await DryRun(session: session, texts: texts, request: request).sync(names, verb)
        }

        let jobs = SyncJobs(
            session: session,
            texts: texts,
            request: request,
            verb: verb,
            most: jobs,
            mayRestart: restart
        )
        let isOne = names.count == 1 && !targets.all
        do {
            try await Interruption.guarding { interruption in
                if isOne, !json {
                    try await jobs.one(names[0], interruption)
                } else {
                    try await jobs.all(names, interruption)
                }
            }
        } catch var interrupted as Interrupted {
            let words = targets.all ? "--all" : names.map(\.text).joined(separator: " ")
            interrupted.note = "interrupted; `dvm \(verb) \(words)` goes on where this stopped"
            throw interrupted
        }
    }
}
