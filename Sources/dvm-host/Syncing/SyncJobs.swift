internal import DVMProtocol

/// Syncs of one VM or of several at once.
struct SyncJobs: Sendable {
    let session: Session
    let texts: RecipeTexts
    let request: UnitRequest
    /// What the person typed, for messages and locks.
    let verb: String
    /// How many are worked on at once.
    let most: Int
    /// Whether VMs are restarted where that is needed, whatever works in them.
    var mayRestart = false

    /// One VM, with the screen for itself.
    ///
    /// - Throws: whatever ended it.
    func one(_ vm: MachineName, _ interruption: Interruption?) async throws {
        let report = try await job(vm, session.display, interruption).run()
        Output.say(Self.text(report, vm))
    }

    /// Several VMs, each with lines of its own.
    ///
    /// - Throws: `Failed` when any of them failed, all of which are named.
    func all(_ vms: [MachineName], _ interruption: Interruption?) async throws {
        var failed: [MachineName] = []
        try await withThrowingTaskGroup(of: (vm: MachineName, succeeded: Bool).self) { group in
            var waiting = vms[...]
            func begin() {
                guard let vm = waiting.popFirst() else { return }
                group.addTask { (vm, try await follow(vm, interruption)) }
            }
            for _ in 0..<most { begin() }
            while let done = try await group.next() {
                if !done.succeeded { failed.append(done.vm) }
                begin()
            }
        }
        guard !session.display.style.isJSON else {
            if failed.isEmpty { return }
            throw Failed()
        }
        let good = vms.count - failed.count
        guard !failed.isEmpty else { return Output.say("✓ \(good) of \(vms.count) VMs are ready\n") }
        let names = failed.sorted().map(\.text).joined(separator: ", ")
        throw Refusal(
            "\(failed.count) of \(vms.count) VMs failed: \(names)",
            hint: "`dvm \(verb) \(failed.sorted().map(\.text).joined(separator: " "))` goes on with them"
        )
    }

    /// Works on one of several; what ends it is told and not thrown, so that the others go on.
    ///
    /// - Throws: `CancellationError`, which ends all.
    private func follow(_ vm: MachineName, _ interruption: Interruption?) async throws -> Bool {
        let display = ProgressDisplay(on: session.display.screen, name: vm.text)
        let began = ContinuousClock.now
        do {
            let report = try await job(vm, display, interruption).run()
            display.finish(.ready(summary: report.summary, ran: report.ran, seconds: Self.seconds(since: began)))
            return true
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let refusal = error as? Refusal ?? Refusal("\(error)")
            display.finish(.refused(refusal, seconds: Self.seconds(since: began)))
            return false
        }
    }

    private func job(_ vm: MachineName, _ display: ProgressDisplay, _ interruption: Interruption?) -> VMSync {
        var session = session
        session.display = display
        return VMSync(
            vm: vm,
            session: session,
            texts: texts,
            request: request,
            interruption: interruption,
            verb: verb,
            mayRestart: mayRestart
        )
    }

    private static func seconds(since began: ContinuousClock.Instant) -> Int {
        Int(began.duration(to: .now).components.seconds)
    }

    /// What a person reads at the end.
    static func text(_ report: SyncReport, _ vm: MachineName) -> String {
        guard !report.changedNothing else { return "✓ \(vm) is ready: \(report.summary)\n" }
        let summary = report.summary.isEmpty ? "" : ": \(report.summary)"
        var steps = [("dvm sh \(vm)", "a shell in \(report.codeDirectory.printable)")]
        let recipes = report.toolRecipes.prefix(mostRecipes).map(\.text).joined(separator: ", ")
        if let tool = report.tools.first {
            steps.append(("dvm ai \(tool) \(vm)", "an AI tool in its sandbox"))
        } else if !recipes.isEmpty {
            steps.append(("dvm recipes", "what its configuration can `use`, AI tools too: \(recipes)"))
        }
        let width = steps.map(\.0.count).max() ?? 0
        return "✓ \(vm) is ready\(summary)\n"
            + steps.map { "  \(TerminalText.pad($0.0, to: width))  \($0.1)\n" }.joined()
    }

    /// The most recipes that are named.
    private static let mostRecipes = 8
}
