internal import ArgumentParser
internal import DVMProtocol
internal import DVMTransfer

struct Cp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cp",
        abstract: "Copy files into a VM, or out of it",
        usage: "dvm cp [-r] [-n] [--as-agent] [--max-size <size>] <source> ... <destination>",
        discussion: """
            A path in a VM is written <vm>:<path>: relative to the code directory, or starting with / or ~. All others \
            are of this computer; one with a colon in its name starts with ./. A - is standard input or output. Files \
            are read and written as DVM_USER.

            As with cp, what is copied to an existing directory goes into it under its own name, and what ends with /. \
            is the contents of a directory. Existing files are replaced, each when its new contents are complete; \
            those of the same size and time are left alone, so the same command goes on where it was cut short.

            Modes (without setuid), times, holes and the links that lead to something copied are kept; what comes out \
            of a VM gets no right that your umask takes away. Devices, pipes, sockets and other links are left out and \
            listed. The status is 1 when anything else is missing.

            Examples:
              dvm cp notes.txt app:                  into the code directory
              dvm cp -r app:docs .                   a directory out of the VM
              dvm cp -r assets/. app:public/         what is in assets, into public
              dvm cp app:~/.profile -                show a file
              pg_dump shop | dvm cp - app:shop.sql   from standard input
              dvm cp --as-agent settings.json app:claude/.claude/
            """
    )

    @Flag(name: .shortAndLong, help: "Copy directories with everything in them")
    var recursive = false

    @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Print what would be copied, and change nothing")
    var dryRun = false

    @Flag(help: "Copy as the account of AI tools; relative paths and ~ are where their homes are, one for each tool")
    var asAgent = false

    @Option(help: ArgumentHelp("Refuse more data than this, such as 512MiB (without it 64GiB)", valueName: "size"))
    var maxSize: String?

    @OptionGroup var talk: TalkOptions

    @Argument(help: "What is copied, and last where to")
    var paths: [String] = []

    func run() async throws {
        let copy = try plan()
        let session = try talk.session()
        let display = CopyDisplay(session.display, copy)
        guard !session.environment.isDryRun else {
            throw Refusal(
                "DVM_DRY_RUN is set, and what `dvm cp` would copy is not known without asking the VM",
                hint: "run it without DVM_DRY_RUN; `dvm cp -n` asks the VM, and copies nothing"
            )
        }
        // What is wrong with paths of this computer is said before a VM is started.
        let end = try copy.end(display.observer)
        let guest = try await session.connection(to: copy.plan.vm, for: "cp")
        // A file that may not become so long is told of, as one for which there is no room.
        signal(SIGXFSZ, SIG_IGN)
        let reports = try await display.during { try guest.copy(copy.request, end) }
        guard display.tell(reports.ours, reports.theirs) else { throw Failed() }
    }

    private func plan() throws(UsageRefusal) -> Copy {
        try UsageRefusal.from { () throws(Refusal) in
            var copy = Copy(plan: try CopyPlan(paths), recursive: recursive, dryRun: dryRun, asAgent: asAgent)
            if let maxSize {
                do throws(Refusal) {
                    copy.mostBytes = UInt64(try MemorySize(maxSize).bytes)
                } catch {
                    throw Refusal("--max-size “\(maxSize.printable)” \(error.message)", hint: error.hint)
                }
            }
            return copy
        }
    }
}
