internal import DVMProtocol

/// Gets the project's code into an empty code directory, once.
struct Cloning {
    let repository: Repository
    let report: ReportStream

    /// More than the largest repositories take over a slow line.
    private static let limit = 6 * 3600

    /// Clones unless there is something.
    ///
    /// - Throws: a `Refusal` when the repository cannot be reached; with the VM's key, when that was refused.
    func run() throws(Refusal) -> CloneOutcome {
        try VMGroups.moveSupervisor()
        return try SetUpLock.hold(for: "the code of the project", begin)
    }

    private func begin() throws(Refusal) -> CloneOutcome {
        let settings = try Settings.read()
        let accounts = try Accounts.read()
        let developer = try Developer.account(settings.user)
        let directory = settings.codeDirectory
        let state = CodeState(try entries(of: directory, as: developer))
        switch state {
        case .repository: return CloneOutcome(state: .present, codeDirectory: directory)
        case .occupied: return CloneOutcome(state: .occupied, codeDirectory: directory)
        case .empty, .halfMoved: break
        }
        guard try Status.exists("/usr/bin/git") else {
            throw Refusal(
                "there is no git in the VM, so the code cannot be got in",
                hint: "take DVM_NO_BASELINE out of its configuration, or use a recipe that installs git"
            )
        }
        let clone = CloneProgram(
            repository: repository,
            settings: settings,
            developer: developer,
            groups: accounts.groups(of: developer)
        )
        if state == .empty { try reach(clone) }
        let group = try UnitPlace.group(for: "clone")
        defer { UnitPlace.sweep() }
        let run = WatchedRun(spawn: clone.clone, group: group, limit: .seconds(Self.limit), report: report)
        try judge(try run.run())
        return CloneOutcome(state: .cloned, codeDirectory: directory)
    }

    /// Looked into as its owner: the project is a stranger to root.
    private func entries(of directory: String, as developer: Accounts.Account) throws(Refusal) -> [String] {
        let listing = try Entering.asDeveloper(developer, CodeState.listing(of: directory))
        guard listing.exit == .exited(0) else {
            throw Refusal("\(directory) in the VM cannot be listed", hint: "look at it with `dvm sh`")
        }
        return String(decoding: listing.output, as: UTF8.self).parts(between: "\n").filter { !$0.isEmpty }
    }

    /// Tries whether the server answers, so that a key that is missing there is told as that.
    private func reach(_ clone: CloneProgram) throws(Refusal) {
        // First of all: with the key come the host keys of the servers dvm knows.
        let key = repository.isOverSSH ? try KeyOrder.accessKey(for: repository.sshHost) : nil
        let (exit, output) = try Entering.run(clone.probe)
        guard exit != .exited(0) else { return }
        let said = String(decoding: output, as: UTF8.self)
        throw CloneRefusal.text(for: repository, saying: said, key: key, vm: clone.settings.name)
    }

    private func judge(_ ending: WatchedRun.Ending) throws(Refusal) {
        let again = "the next `dvm sync` tries it again"
        switch ending {
        case .exited(.exited(0), _): return
        case .exited(let exit, _):
            throw Refusal("cloning \(repository.address) failed with status \(exit.status)", hint: again)
        case .tookTooLong:
            let time = UpTime.text(seconds: Self.limit)
            throw Refusal("cloning \(repository.address) took longer than \(time) and was ended", hint: again)
        case .abandoned:
            throw Refusal("cloning \(repository.address) was ended, because nobody waited for it any more", hint: again)
        }
    }
}

/// What a code directory has.
enum CodeState: Equatable {
    /// Nothing, or what a clone that was cut off left.
    case empty
    /// A clone that is complete and was cut off while it was put in its place.
    case halfMoved
    case repository
    /// Something that is no repository.
    case occupied

    /// The words of a program that lists a directory as far as that matters, however much is in it: the names that mean
    /// something, and one more line for all others.
    static func listing(of directory: String) -> [String] {
        let names = [".git", CloneProgram.complete, CloneProgram.unfinished]
        let script = """
            cd -- "$1/" || exit
            find . -mindepth 1 -maxdepth 1 \\( \(names.map { "-name \($0)" }.joined(separator: " -o ")) \\) -printf '%f\\n' || exit
            find . -mindepth 1 -maxdepth 1 \(names.map { "! -name \($0)" }.joined(separator: " ")) -printf 'other\\n' -quit
            """
        return ["/bin/sh", "-c", script, "sh", directory]
    }

    /// What the names of its entries mean.
    init(_ names: [String]) {
        if names.contains(".git") {
            self = .repository
        } else if names.contains(CloneProgram.complete) {
            self = .halfMoved
        } else {
            self = names.allSatisfy { $0 == CloneProgram.unfinished } ? .empty : .occupied
        }
    }
}
