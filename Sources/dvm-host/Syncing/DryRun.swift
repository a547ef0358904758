internal import DVMProtocol

/// Tells what would be done, from what is on this computer alone: neither Lima nor a VM is asked.
struct DryRun: Sendable {
    let session: Session
    let texts: RecipeTexts
    let request: UnitRequest

    /// Prints the plan of each VM.
    ///
    /// - Throws: the `Refusal` that a single VM's would end with, or one that names those of several.
    func sync(_ vms: [MachineName], _ verb: String) async throws {
        var failures: [(vm: MachineName, refusal: Refusal)] = []
        var units = 0
        var planning = Duration.zero
        for (index, vm) in vms.enumerated() {
            do {
                let input = try await SyncInput.load(vm, session, texts, request, isDry: true)
                for note in input.notes { session.display.note(note) }
                let began = ContinuousClock.now
                let notes = session.state(of: vm).notes
                let planned = input.expected(vm, notes, request)
                let plan = try SyncPlan(input.settings, instance: nil, units: planned)
                planning += began.duration(to: .now)
                units += planned.count
                let text = plan.text(verb, vm, input.settings)
                try Output.print(index == 0 ? text : "\n\(text)")
                try PlannedUnit.checkSecrets(of: planned)
            } catch let refusal as Refusal {
                failures.append((vm, refusal))
            }
        }
        if session.environment.isVerbose {
            let milliseconds = planning / .milliseconds(1)
            session.display.note("planned \(units) recipes of \(vms.count) VMs in \(Int(milliseconds)) ms")
        }
        guard let first = failures.first else { return }
        guard vms.count > 1 else { throw first.refusal }
        let lines = failures.map { "\n\($0.vm): \($0.refusal.message)" + ($0.refusal.hint.map { " (\($0))" } ?? "") }
        throw Refusal("\(failures.count) of \(vms.count) VMs would be refused:\(lines.joined())")
    }
}
