internal import DVMProtocol

/// Whether a VM holds work that is nowhere else: asked before anything that would destroy it.
struct WorkCheck: Sendable {
    let name: MachineName
    let limactl: Limactl
    let session: Session
    /// Readable when the VM is no longer waited for.
    var stop: FileDescriptor?

    /// What was found out.
    enum Finding: Hashable, Sendable {
        case known(WorkReport)
        /// It could not be found out, and why.
        case unknown(Refusal)
    }

    /// Refuses to destroy a VM that holds work, or of which that is not known; where it is to be destroyed all the same,
    /// says what goes with it.
    ///
    /// - Parameters:
    ///   - instance: the VM as Lima knows it.
    ///   - force: whether it is to be destroyed whatever it holds: then it is not started to be asked, and not waited for.
    ///   - verb: the command that would destroy it, as it is typed before the VM's name.
    ///   - rest: what is typed after that.
    /// - Throws: a `Refusal` that says what would be lost, never when forced, or `CancellationError`.
    func require(_ instance: LimaInstance, force: Bool, for verb: String, _ rest: String = "") async throws {
        let display = session.display
        guard force else {
            let finding = try await display.step("looking for work in \(name)") {
                await look(instance, starting: true, for: verb)
            }
            try Task.checkCancellation()
            if let refusal = Self.refusal(finding, in: name, for: verb, rest) { throw refusal }
            return
        }
        let finding = await lookBriefly(instance, for: verb)
        // Not known because nobody waits any more is no reason to go on.
        try Task.checkCancellation()
        for line in Self.farewell(finding, to: name) { display.note(line) }
    }

    /// Looks for work in a VM.
    ///
    /// A VM that runs is asked whether or not its configuration loads, or is there at all.
    ///
    /// - Parameters:
    ///   - instance: the VM as Lima knows it.
    ///   - starting: whether it is started where it is stopped.
    ///   - verb: for whom.
    /// - Returns: what is there, or why that is not known.
    func look(_ instance: LimaInstance, starting: Bool, for verb: String) async -> Finding {
        do {
            let guest = try await reach(instance, starting: starting, for: verb)
            let report = try guest.perform(.work, as: WorkReport.self) { session.display.detail($0.step) }
            session.state(of: name).keep(WorkSeen(report))
            return .known(report)
        } catch let refusal as Refusal {
            return .unknown(refusal)
        } catch {
            return .unknown(Refusal("\(error)"))
        }
    }

    private func reach(_ instance: LimaInstance, starting: Bool, for verb: String) async throws -> GuestConnection {
        // A copy that still passes for another is renewed first, which takes its configuration.
        let isCopy = try session.state(of: name).copied() != nil
        switch instance.status {
        case .running where !isCopy || !starting:
            var route = try GuestConnection.Route(limactl, to: name, session, note: session.display.note)
            route.stop = stop
            return try GuestConnection.open(name, route, architecture: instance.architecture)
        case .broken:
            throw Refusal(
                "Lima says that \(name.instance) is broken",
                hint: "`dvm stop --force \(name)` ends what is left of it, then `dvm sh \(name)` starts it again"
            )
        case .running, .stopped, .other: break
        }
        guard starting else { throw Refusal("\(name) does not run") }
        guard session.configuration.names().contains(name) else {
            throw Refusal(
                isCopy
                    ? "\(name) is a copy that still has the identity of another VM, and has no configuration"
                    : "\(name) does not run, and is not started without a configuration",
                hint: "`dvm init \(name)` writes one, or `limactl start \(name.instance)` starts it as it is"
            )
        }
        let (machine, known) = try await session.machine(name)
        let running = try await machine.ensureRunning(known ?? instance, for: verb)
        return try machine.connect(to: running, until: stop, note: session.display.note)
    }

    /// Looks for work in a VM that is to be destroyed anyway: whatever it does, this ends.
    private func lookBriefly(_ instance: LimaInstance, for verb: String) async -> Finding {
        let first = First<Finding>()
        // Neither waited for nor cancelled when it takes too long: reading from a guest that says nothing cannot be.
        Task.detached { await first.come(look(instance, starting: false, for: verb)) }
        Task.detached {
            try? await Task.sleep(for: Self.patience)
            await first.come(.unknown(Refusal("it did not answer within \(Self.patience.components.seconds) s")))
        }
        return await first.value
    }

    private static let patience = Duration.seconds(60)
}

// MARK: What it comes to

extension WorkCheck {
    /// Why a VM is not destroyed; nothing when it holds no work.
    static func refusal(_ finding: Finding, in vm: MachineName, for verb: String, _ rest: String = "") -> Refusal? {
        let words = rest.isEmpty ? vm.text : "\(vm) \(rest)"
        let allTheSame = "`dvm \(verb) \(words) --yes --force` does it all the same, and loses what is above"
        switch finding {
        case .known(let report) where report.isClean: return nil
        case .known(let report):
            let what = report.isAtRisk ? "\(vm) holds work that is nowhere else" : "not all of \(vm) could be looked at"
            return Refusal(
                "\(what):\n\(report.lines.prefix(most).joined(separator: "\n"))\(more(report))",
                hint: "push it, or take it out, with `dvm sh \(vm)`; `dvm work \(vm)` looks again; \(allTheSame)"
            )
        case .unknown(let refusal):
            return Refusal(
                "it is not known whether \(vm) holds work:\n\(refusal.message)",
                hint: [refusal.hint, allTheSame].compactMap(\.self).joined(separator: "; ")
            )
        }
    }

    /// What is said of a VM that is destroyed all the same.
    static func farewell(_ finding: Finding, to vm: MachineName) -> [String] {
        switch finding {
        case .known(let report) where report.isClean: ["nothing in \(vm) is lost"]
        case .known(let report):
            ["lost with \(vm):"] + report.lines.prefix(most) + (report.lines.count > most ? ["…"] : [])
        case .unknown(let refusal): ["whatever \(vm) holds is lost; it is not known what: \(refusal.message)"]
        }
    }

    private static let most = 60

    private static func more(_ report: WorkReport) -> String {
        report.lines.count > most ? "\n… (`dvm work` shows all of it)" : ""
    }
}

/// The first of several answers, whenever it comes.
private actor First<Value: Sendable> {
    private var answer: Value?
    private var waiting: CheckedContinuation<Value, Never>?

    func come(_ value: Value) {
        guard answer == nil else { return }
        answer = value
        waiting?.resume(returning: value)
        waiting = nil
    }

    var value: Value {
        get async {
            if let answer { return answer }
            return await withCheckedContinuation { waiting = $0 }
        }
    }
}
