internal import DVMProtocol

/// When Lima made the VM that has a name: another may get it while a command waits for the lock.
struct MadeMoment: Hashable, Sendable {
    /// The time of a file that Lima writes when it makes an instance; nothing where there is none.
    private let time: FileTime?

    /// That of the VM that has the name now.
    init(of vm: MachineName, in paths: Paths) {
        time = (try? FileStatus(ofLink: paths.instance(of: vm).appending("lima-version")))?.modified
    }

    /// Refuses to delete another VM than the one that was meant; none is left of that when it was deleted meanwhile.
    ///
    /// - Throws: a `Refusal` when one was made since.
    func check(_ vm: MachineName, in paths: Paths, for verb: String) throws(Refusal) {
        let now = Self(of: vm, in: paths)
        guard now.time != nil, now != self else { return }
        throw Refusal(
            "\(vm) was made anew while `dvm \(verb)` waited for another dvm",
            hint: "nothing was deleted; if you mean the new one, run it again"
        )
    }
}
