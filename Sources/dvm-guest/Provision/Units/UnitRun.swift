internal import DVMProtocol
internal import Glibc

/// Runs one unit, and remembers it when it has succeeded.
struct UnitRun {
    let unit: ProvisionUnit
    let report: ReportStream

    /// Runs the unit to its end.
    ///
    /// - Throws: a `Refusal` when it fails, takes too long or cannot be started; then it has no record, unless it was not
    ///   even begun.
    func run() throws(Refusal) -> UnitOutcome {
        try VMGroups.moveSupervisor()
        return try SetUpLock.hold(for: "“\(unit.name)”", begin)
    }

    private func begin() throws(Refusal) -> UnitOutcome {
        let settings = try Settings.read()
        let accounts = try Accounts.read()
        let developer = try Developer.account(settings.user)
        let started = ContinuousClock.now
        let records = UnitRecords()
        let place = try UnitPlace.make(for: unit, reader: unit.identity == .user ? developer.gid : nil)
        let spawn = Spawn(
            unit,
            settings: settings,
            developer: developer,
            groups: accounts.groups(of: developer),
            secrets: place.secrets
        )
        let outcome: Result<Int, Refusal>
        do throws(Refusal) {
            try records.begin(unit)
            let run = WatchedRun(
                spawn: spawn,
                group: place.group,
                limit: .seconds(unit.timeLimit),
                report: report
            )
            outcome = .success(try judge(try run.run()))
        } catch {
            outcome = .failure(error)
        }
        place.remove()
        let leftBehind = try outcome.get()
        try records.finish(unit, at: Int(time(nil)))
        return UnitOutcome(seconds: Int(started.duration(to: .now) / .seconds(1)), leftBehind: leftBehind)
    }

    /// What an ending means; the number of processes left behind by one that succeeded.
    private func judge(_ ending: WatchedRun.Ending) throws(Refusal) -> Int {
        let again = "the next `dvm sync` runs it again, and what comes after it"
        switch ending {
        case .exited(.exited(0), let leftBehind):
            return leftBehind
        case .exited(.exited(let code), _):
            throw Refusal("“\(unit.name)” failed with status \(code)", hint: again)
        case .exited(.signaled(let signal), _):
            throw Refusal("“\(unit.name)” was ended by signal \(signal)", hint: again)
        case .tookTooLong:
            throw Refusal(
                "“\(unit.name)” took longer than \(UpTime.text(seconds: unit.timeLimit)) and was ended",
                hint: "DVM_UNIT_TIMEOUT in the configuration of the VM gives it longer; " + again
            )
        case .abandoned:
            throw Refusal("“\(unit.name)” was ended, because nobody waited for it any more", hint: again)
        }
    }
}
