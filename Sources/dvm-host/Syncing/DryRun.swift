internal import DVMProtocol

/// Tells what would be done, from what is on this computer alone: neither Lima nor a VM is asked.
struct DryRun: Sendable {
    let session: Session
    let texts: RecipeTexts
    let request: UnitRequest

    /// Prints the plan of each VM, as lines of JSON where that was asked for.
    ///
    /// - Throws: the `Refusal` that a single VM's would end with, or one that names those of several; `Failed` where they
    ///   were told as JSON.
    func sync(_ vms: [MachineName], _ verb: String) async throws {
        var failures: [(vm: MachineName, refusal: Refusal)] = []
        var units = 0
        var planning = Duration.zero
        let isJSON = session.display.style.isJSON
        for (index, vm) in vms.enumerated() {
            let display = isJSON ? ProgressDisplay(on: session.display.screen, name: vm.text) : session.display
            do {
                let input = try await SyncInput.load(vm, session, texts, request, isDry: true)
                for note in input.notes { display.note(note) }
                let began = ContinuousClock.now
                let notes = session.state(of: vm).notes
                let planned = input.expected(vm, notes, request)
                let plan = try SyncPlan(input.settings, instance: nil, units: planned)
                planning += began.duration(to: .now)
                units += planned.count
                if isJSON {
                    for step in plan.lines(vm, input.settings) { display.plan(step.title, step.details) }
                } else {
                    let text = plan.text(verb, vm, input.settings)
                    try Output.print(index == 0 ? text : "\n\(text)")
                }
                try PlannedUnit.checkNeeds(of: planned)
            } catch let refusal as Refusal {
                failures.append((vm, refusal))
                if isJSON { display.finish(.refused(refusal, seconds: 0)) }
            }
        }
        if session.environment.isVerbose {
            let milliseconds = planning / .milliseconds(1)
            session.display.note("planned \(units) recipes of \(vms.count) VMs in \(Int(milliseconds)) ms")
        }
        guard let first = failures.first else { return }
        if isJSON { throw Failed() }
        guard vms.count > 1 else { throw first.refusal }
        let lines = failures.map { "\n\($0.vm): \($0.refusal.message)" + ($0.refusal.hint.map { " (\($0))" } ?? "") }
        throw Refusal("\(failures.count) of \(vms.count) VMs would be refused:\(lines.joined())")
    }
}
