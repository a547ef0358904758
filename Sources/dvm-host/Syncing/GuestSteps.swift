internal import DVMProtocol

/// The steps of a sync that the VM's guest does, each with its line on the screen and its output in a log.
struct GuestSteps: Sendable {
    let vm: MachineName
    let session: Session
    let guest: GuestWorker
    let settings: Settings

    private var display: ProgressDisplay { session.display }

    /// Host name, accounts and directories; and at once what comes after units, where none is expected to run.
    func provision(settling: Bool) async throws -> Provisioned {
        let plan = Provision(
            hostName: vm.text,
            user: settings.user,
            codeDirectory: settings.codeDirectory,
            agents: settings.agentPolicy,
            tools: settings.tools,
            system: settings.system,
            settle: settling ? settings.settle : nil
        )
        let log = try session.log("sync", of: vm)
        let done = try await display.step("accounts and code directory") {
            try await perform(.provision(plan), as: Provisioned.self, log)
        }
        // Its first step.
        session.keepRecorded(of: vm)
        tell(done.changes + (done.settled?.changes ?? []), done.notes + (done.settled?.notes ?? []), log)
        return done
    }

    /// Says what a step changed, and what the person should know.
    private func tell(_ changes: [String], _ notes: [String], _ log: Log) {
        for change in changes { log.note("changed: \(change.printable)") }
        for note in notes { display.note("\(vm) says: \(note)") }
    }

    /// Learns how ssh reaches the VM; when it does not, nothing else is kept from working.
    func login(_ known: Provisioned.Known?) async throws {
        do {
            if let trouble = known?.loginTrouble { throw SaidByGuest(refusal: trouble).marked(vm) }
            let login =
                if let login = known?.login { login } else {
                    try await guest.perform(.remoteLogin, as: RemoteLogin.self)
                }
            try SshEntryStore(paths: session.paths).learn(login, of: vm)
        } catch let refusal as Refusal {
            display.note("ssh does not reach \(vm): \(refusal.message)")
        }
    }

    /// The units that have succeeded in the VM.
    func records(_ known: Provisioned.Known?) async throws -> [UnitRecord] {
        if let known { return known.records }
        return try await guest.perform(.unitRecords, as: [UnitRecord].self)
    }

    /// Runs a unit, with its secrets, which are read only now.
    ///
    /// - Throws: a `Refusal` with the last lines it printed, and where the others are.
    func run(_ unit: PlannedUnit, isUpdate: Bool) async throws {
        let order = ProvisionUnit(
            unit.draft,
            digest: unit.digest,
            secrets: try await secrets(of: unit),
            earlierSecrets: unit.earlierSecrets,
            isUpdate: isUpdate,
            timeLimit: settings.unitTimeLimit
        )
        try order.check()
        let log = try session.unitLog(order.name, of: vm)
        let done = try await display.step(unit.label) { try await perform(.unit(order), as: UnitOutcome.self, log) }
        if done.leftBehind > 0 {
            display.note("\(order.name) left \(done.leftBehind) processes behind, which were ended")
        }
    }

    /// Gets the project's code, where the code directory is empty; says whether it did.
    ///
    /// Most often a server first has to know the VM's key, which only the person can tell it: where there is one, they
    /// are waited for.
    func code(_ repository: Repository) async throws -> Bool {
        while true {
            do {
                return try await tryCode(repository)
            } catch let refusal as Refusal where display.style.width != nil && Question.canBeAsked {
                let again = try await session.asking.pass {
                    try await display.aside {
                        try await Question.waitForEnter(
                            "\(ErrorText.of(refusal) ?? "")press Enter to try again, Ctrl-C to leave it to the next sync: "
                        )
                    }
                }
                if !again { throw refusal }
            }
        }
    }

    private func tryCode(_ repository: Repository) async throws -> Bool {
        let log = try session.log("sync", of: vm)
        let done = try await display.step("code of \(repository.address)") {
            try await perform(.clone(repository), as: CloneOutcome.self, log)
        }
        if done.state == .occupied {
            display.note("\(done.codeDirectory) in \(vm) holds something else than the repository, and is left alone")
        }
        return done.state == .cloned
    }

    /// What comes after every unit.
    func settle() async throws -> Settled {
        let log = try session.log("sync", of: vm)
        let done = try await display.step("finishing") {
            try await perform(.settle(settings.settle), as: Settled.self, log)
        }
        tell(done.changes, done.notes, log)
        return done
    }

    private func secrets(of unit: PlannedUnit) async throws -> [String: String] {
        var values: [String: String] = [:]
        for secret in unit.draft.secrets {
            guard let source = secret.source else {
                if unit.isKept(secret) { continue }
                throw SecretSource.missing(secret.name, for: unit.draft.name)
            }
            guard case .command = source else {
                values[secret.name] = try await session.secrets.read(secret.name, from: source)
                continue
            }
            // It may ask for something: one at a time has the terminal, and nothing is drawn over it.
            values[secret.name] = try await session.asking.pass {
                display.note("a command is asked for the secret \(secret.name)")
                return try await display.aside { try await session.secrets.read(secret.name, from: source) }
            }
        }
        return values
    }

    /// Runs a task whose output goes to a log.
    private func perform<Result: Decodable & Sendable>(
        _ task: GuestTask,
        as type: Result.Type,
        _ log: Log
    ) async throws -> Result {
        let start = log.size
        let display = display
        do {
            return try await guest.perform(task, as: type) {
                log.note("# \($0.step.printable)")
                display.detail($0.step)
            } output: {
                log.append($0)
                display.output($0)
            }
        } catch let refusal as Refusal {
            let last = log.lastLines(10, since: start).map {
                "\n\(OutputLines.harmless(Array($0.utf8)[...]).prefix(500))"
            }
            throw Refusal(
                refusal.message + last.joined(),
                hint: [
                    refusal.hint,
                    "the whole output is in \(log.path.shown)",
                    refusal.hint == nil ? "`dvm sync \(vm)` goes on where this stopped" : nil,
                ].compactMap(\.self).joined(separator: "; ")
            )
        }
    }
}

extension PlannedUnit {
    /// The unit as a step.
    fileprivate var label: String {
        switch reason {
        case nil, .new?: draft.name
        case let reason?: "\(draft.name) (\(reason.text))"
        }
    }
}
