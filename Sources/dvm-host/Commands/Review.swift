internal import ArgumentParser
internal import DVMProtocol

struct Review: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Show what was done in a VM since you last reviewed it",
        discussion: """
            Shows for every git repository below the code directory new commits and every file that differs, whether or \
            not it is in a commit; first of all, marked with !, what somebody may run later without meaning to: git's \
            hooks and settings, files of editors and build servers, links that lead out, programs, build and lock files. \
            What git ignores or was told not to show is looked at, too. Nothing in a repository is run for it.

            It can be repeated. --done counts what was shown last as reviewed; what was changed after that is shown the \
            next time. Before the first --done, a repository is compared with what it says its remotes have. The status \
            is 1 when something could not be looked at.

            --patch writes the changes of files, new ones included, as `git apply` takes them. The VM wrote it: read it \
            first. A file that is there is not replaced without --force.

            Examples:
              dvm review app
              dvm review app --done
              dvm review app --patch app.patch && git apply --stat app.patch
              dvm review app --patch - --repository lib | less
              dvm review app --json | jq '.repositories[].dangers'
            """
    )

    @OptionGroup var target: VMArgument

    @Flag(help: "Count what was shown last as reviewed")
    var done = false

    @Option(
        help: ArgumentHelp("Write the changes to a file on this computer, or to standard output (-)", valueName: "file")
    )
    var patch: String?

    @Option(help: ArgumentHelp("The repository for the patch, where several have changes", valueName: "path"))
    var repository: String?

    @Flag(help: "Replace the file of the patch if it is there")
    var force = false

    @Option(help: ArgumentHelp("Refuse a larger patch (without it 256MiB)", valueName: "size"))
    var maxSize: String?

    @Flag(help: "Print JSON")
    var json = false

    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let wanted = try UsageRefusal.from { () throws(Refusal) in try self.wanted() }
        let session = try talk.session()
        // What is wrong on this computer is said before a VM is started.
        try wanted?.destination.check(replacing: force)
        if dry.isOn(session) { return try tell(vm, wanted, session) }
        let guest = try await session.connection(to: vm, for: "review")
        if done {
            let mark = try guest.perform(.review(.done), as: ReviewMark.self)
            return Output.say("what was shown \(Self.ago(mark.time)) counts as reviewed\n")
        }
        // All files are read for it, which may take long: a person at a terminal sees that it goes on.
        let look = { try guest.perform(.review(.look), as: ReviewReport.self) }
        let report =
            session.display.style.width == nil
            ? try look() : try await session.display.step("looking at what was done in \(vm)") { try look() }
        let text = json ? try JSON.text(report) : report.text(since: report.since.map(Self.ago) ?? "")
        if wanted?.destination == .standardOutput { Output.say("\(text)\n") } else { try Output.print(text) }
        // Only what a person could see can be done.
        _ = try guest.perform(.review(.shown(report.id)), as: ReviewMark.self)
        if let wanted { try write(wanted, of: report, guest) }
        if !report.isEmpty, !json { Output.say("`dvm review \(vm) --done` counts this as reviewed\n") }
        if report.isIncomplete { throw Failed() }
    }

    private func tell(_ vm: MachineName, _ wanted: Wanted?, _ session: Session) throws {
        if done {
            return try session.tell(
                "`dvm review \(vm) --done` would \(vm.starting), and count what was shown of it last as reviewed",
                of: vm
            )
        }
        var patch = ""
        if let wanted { patch = ", and write the changes to \(wanted.destination.shown)" }
        try session.tell("`dvm review \(vm)` would \(vm.starting), and show what was done in it\(patch)", of: vm)
    }

    /// How long ago something was, in the middle of a sentence.
    private static func ago(_ time: Int) -> String {
        let text = Age.text(since: time)
        return text == "now" ? "just now" : text
    }

    /// What kind of patch is wanted, if one is.
    struct Wanted: Hashable {
        var destination: PatchDestination
        var most: Int
    }

    /// Reads what was typed.
    ///
    /// - Throws: a `Refusal` for options that make no sense together.
    func wanted() throws(Refusal) -> Wanted? {
        guard let patch else {
            for (name, isGiven) in [("repository", repository != nil), ("force", force), ("max-size", maxSize != nil)]
            where isGiven {
                throw Refusal("--\(name) is about a patch", hint: "name its file with --patch")
            }
            if done, json { throw Refusal("--done shows nothing, so there is no JSON of it") }
            return nil
        }
        guard !done else {
            throw Refusal(
                "--done counts what was shown before, and shows nothing",
                hint: "get the patch first, and run `dvm review` with --done then"
            )
        }
        guard !json || patch != "-" else { throw Refusal("standard output is either JSON or a patch") }
        var most = 256 << 20
        if let maxSize {
            do throws(Refusal) {
                most = try MemorySize(maxSize).bytes
            } catch {
                throw Refusal("--max-size “\(maxSize.printable)” \(error.message)", hint: error.hint)
            }
        }
        return Wanted(destination: try PatchDestination(patch), most: most)
    }

    private func write(_ wanted: Wanted, of report: ReviewReport, _ guest: GuestConnection) throws {
        guard let chosen = try Self.choose(repository, from: report) else {
            return Output.say("no file of a repository has changed, so there is no patch\n")
        }
        var incoming = IncomingPatch(
            wanted.destination,
            most: wanted.most,
            isTerminal: TerminalDevice.isTerminal(.standardOutput)
        )
        _ = try guest.perform(.review(.patch(report.id, repository: chosen.number)), as: ReviewMark.self) { _ in
        } output: { bytes in
            try incoming.take(bytes)
        }
        try incoming.finish(replacing: force)
        guard case .file(let path) = wanted.destination else { return }
        guard incoming.count > 0 else { return Output.say("the patch would be empty, so none was written\n") }
        Output.say("\(path.shown): \(incoming.count) bytes, which the VM wrote; read it before you apply it\n")
    }

    /// The repository that a patch is wanted of; nothing when none has changed.
    ///
    /// - Throws: a `UsageRefusal` when it is not clear which.
    static func choose(_ path: String?, from report: ReviewReport) throws -> RepositoryReview? {
        let changed = report.repositories.filter { $0.fileCount > 0 }
        let names = changed.prefix(20).map { String($0.path.prefix(100)).printable }.joined(separator: ", ")
        if let path {
            guard let chosen = changed.first(where: { $0.path == path }) else {
                throw UsageRefusal(
                    refusal: Refusal(
                        "no file has changed in a repository “\(path.printable)”",
                        hint: changed.isEmpty ? nil : "there are changes in \(names)"
                    )
                )
            }
            return chosen
        }
        guard changed.count <= 1 else {
            throw UsageRefusal(
                refusal: Refusal(
                    "\(changed.count) repositories have changes, and a patch is of one",
                    hint: "name one with --repository: \(names)"
                )
            )
        }
        return changed.first
    }
}
