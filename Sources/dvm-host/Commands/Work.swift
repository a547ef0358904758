internal import ArgumentParser
internal import DVMProtocol

struct Work: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Show what in a VM is nowhere else",
        discussion: """
            Looks through every git repository below the code directory for changes, commits that no remote has, \
            stashes and unfinished merges; for files that belong to no repository; and for ignored files that no build \
            makes again. `dvm rm` refuses while there is any. Ends with status 1 when there is, or when something could \
            not be looked at.

            It asks no remote: what git was told of one the last time counts. So whoever can write to a repository, an \
            AI tool too, can have commits look as if they were pushed; `dvm review` shows what was committed \
            since the last review all the same.

            Examples:
              dvm work app
              dvm work app --json
              dvm work app && dvm rm app --yes
            """
    )

    @OptionGroup var target: VMArgument

    @Flag(help: "Print JSON")
    var json = false

    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        let guest = try await session.connection(to: vm, for: "work")
        let look = { try guest.perform(.work, as: WorkReport.self) { session.display.detail($0.step) } }
        // It may take long: a person at a terminal sees that it goes on.
        let report =
            session.display.style.width == nil
            ? try look() : try await session.display.step("looking for work in \(vm)") { try look() }
        session.state(of: vm).keep(WorkSeen(report))
        try Output.print(json ? try JSON.text(report) : report.text)
        if !report.isClean { throw Failed() }
    }
}
