internal import DVMProtocol

/// Makes one VM what its configuration says, a step at a time; what was done before a step that fails stays done.
struct VMSync: Sendable {
    let vm: MachineName
    let session: Session
    let texts: RecipeTexts
    var request = UnitRequest()
    /// What ends it before its time; without one, a signal ends dvm as any program.
    var interruption: Interruption?
    /// What it is called in the VM's lock.
    var verb = "sync"
    /// Whether the VM is restarted where that is needed, whatever works in it.
    var mayRestart = false

    private var display: ProgressDisplay { session.display }
    private var state: VMState { session.state(of: vm) }

    /// Carries it out, while no other dvm changes the VM.
    ///
    /// - Throws: a `Refusal`, or `CancellationError`.
    func run() async throws -> SyncReport {
        try await session.locked(vm, for: verb) {
            let guest = GuestWorker(for: vm)
            let contact = try contact(guest)
            let input = try await SyncInput.load(vm, session, texts, request)
            for note in input.notes { display.note(note) }
            return try await run(input, guest, contact)
        }
    }

    /// Reaches the guest while files are read and Lima is asked, which takes as long; nothing where it was never reached.
    ///
    /// It is not waited for by a sync that ends before it is needed.
    private func contact(_ guest: GuestWorker) throws -> Task<Void, Never>? {
        guard state.synced != nil, try state.copied() == nil,
            let limactl = try? Limactl(session.environment, withholding: session.withheld)
        else { return nil }
        return Task { await guest.contact(vm, through: limactl, session, until: interruption) }
    }

    private func run(
        _ input: SyncInput,
        _ early: GuestWorker,
        _ contact: Task<Void, Never>?
    ) async throws -> SyncReport {
        let limactl = try Limactl(session.environment, withholding: session.withheld)
        async let version = limactl.checkVersion()
        async let listed = limactl.instance(of: vm)
        _ = try await version
        let known = try await listed
        var notes = known == nil ? UnitNotes() : state.notes
        let expected = input.expected(vm, notes, request)
        // Of a VM of which nothing is remembered here, only it can say what its units were given.
        if known == nil || notes.facts != nil { try PlannedUnit.checkNeeds(of: expected) }
        if known == nil {
            // What only the VM can tell is told before minutes are spent on making it.
            for unit in expected where unit.reason != nil {
                for doubt in unit.draft.doubts { display.note("\(unit.draft.name) \(doubt)") }
            }
        }

        var report = SyncReport()
        (report.tools, report.toolRecipes) = (input.tools, input.toolRecipes)
        let machine = Machine(name: vm, settings: input.settings, limactl: limactl, session: session)
        let changes = try InstanceStep.steps(for: known, to: input.settings)
        report.wasTouched = !changes.isEmpty
        for case .stop(let reasons) in changes where !mayRestart {
            guard let known else { continue }
            try await RestartCheck(name: vm, limactl: limactl, session: session, verb: verb)
                .require(known, for: reasons)
        }
        let instance = try await machine.bringUp(known)
        // A copy that has got an identity of its own has forgotten some.
        notes = state.notes

        // A VM that was touched is another one than answered.
        let guest = report.wasTouched ? GuestWorker(for: vm) : early
        if !report.wasTouched { await contact?.value }
        let facts = try await display.step("guest program") {
            try await guest.connect(machine, to: instance, until: interruption) { display.detail($0) }
        }
        let steps = GuestSteps(vm: vm, session: session, guest: guest, settings: input.settings)
        let isQuiet = input.settings.repository == nil && expected.allSatisfy { $0.reason == nil }
        let provisioned = try await steps.provision(settling: isQuiet)
        report.changes = provisioned.changes
        report.codeDirectory = provisioned.codeDirectory
        try await steps.login(provisioned.known)
        if let sessions = provisioned.sessions { state.keep(LastContact(sessions: sessions)) }

        let units = PlannedUnit.plan(
            input.drafts,
            in: UnitFacts(facts, input.settings, of: vm),
            records: try await steps.records(provisioned.known),
            notes: notes,
            request: request
        )
        try PlannedUnit.checkNeeds(of: units)
        notes.facts = UnitFacts(facts, input.settings, of: vm)
        for step in try SyncPlan(input.settings, instance: instance, units: units).steps {
            switch step {
            case .unit(let unit) where unit.reason != nil:
                try await steps.run(unit, isUpdate: request.isUpdate && unit.draft.isRecipe)
                report.ran.append(unit.draft.name)
                notes.units[unit.draft.name] = unit.note
                try state.keep(notes)
            case .unit(let unit):
                if unit.decision == .skip { report.skipped += 1 }
                if request.isUpdate, unit.missingSecret != nil {
                    display.note("\(unit.draft.name) is not brought up to date: its secret is not there")
                }
            case .code(let repository) where request.only.isEmpty:
                if try await steps.code(repository) { report.changes.append("code") }
            // Done before the VM was asked what it remembers.
            case .instance, .guestProgram, .accounts, .code: break
            case .settle:
                // What ran against expectation may have undone what was done already.
                if let settled = provisioned.settled, report.ran.isEmpty {
                    report.changes += settled.changes
                } else {
                    report.changes += try await steps.settle().changes
                }
            }
        }
        state.keepSynced()
        return report
    }
}

extension PlannedUnit {
    /// What this computer remembers of it when it has succeeded.
    fileprivate var note: UnitNote {
        let given = Set(draft.secrets.filter { $0.source != nil || isKept($0) }.map(\.name))
        return UnitNote(digest: digest.text, parts: parts, secrets: given.sorted())
    }
}
