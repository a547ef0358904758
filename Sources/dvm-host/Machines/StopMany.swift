internal import DVMProtocol

/// Stops several VMs, each whatever becomes of the others.
struct StopMany: Sendable {
    let limactl: Limactl
    let session: Session
    /// Whether VMs in which something works go on.
    var onlyInactive = false
    /// Whether they are switched off without being let shut down.
    var force = false

    /// Whether nobody named them.
    var isAll = false

    /// What became of a VM.
    enum Outcome: Hashable, Sendable { case stopped, skipped, failed }

    /// Stops them; what becomes of each is told as it comes.
    ///
    /// - Returns: the outcome of each.
    /// - Throws: `Interrupted`.
    func run(_ vms: [MachineName]) async throws -> [MachineName: Outcome] {
        try await Interruption.covering(saying: "interrupted; `dvm ls` shows which VMs run") {
            let outcomes = await session.each(of: vms, failed: .failed) { vm, session in
                try await session.holding(vm, for: "stop") { try await stop(vm, $0) }
            }
            try Task.checkCancellation()
            return outcomes
        }
    }

    /// Stops one.
    ///
    /// - Throws: a `Refusal` when it does not stop.
    func one(_ vm: MachineName) async throws {
        try await Interruption.covering(saying: "interrupted; `dvm ls` shows whether \(vm) runs") {
            _ = try await session.holding(vm, for: "stop") { try await stop(vm, $0) }
        }
    }

    private func stop(_ vm: MachineName, _ session: Session) async throws -> Outcome {
        guard let instance = try await limactl.instance(of: vm) else {
            if !session.configuration.names().contains(vm) { throw session.configuration.unknown(vm) }
            session.display.note("\(vm) has not been made, so there is nothing to stop")
            return .skipped
        }
        guard instance.status != .stopped else {
            if !isAll { session.display.note("\(vm) is stopped already") }
            return .skipped
        }
        if onlyInactive {
            let found = try await activity(of: instance, vm, session)
            guard found.isEmpty else {
                session.display.note("\(vm) goes on: \(Self.words(found))")
                return .skipped
            }
        }
        let end = MachineEnd(name: vm, limactl: limactl, session: session)
        return try await end.stop(instance, force: force) ? .stopped : .skipped
    }

    /// What works in a VM.
    ///
    /// - Throws: a `Refusal` when that is not known.
    private func activity(of instance: LimaInstance, _ vm: MachineName, _ session: Session) async throws -> Activity {
        do {
            guard instance.status == .running else {
                throw Refusal("Lima says that it is \(instance.status.text), so it cannot be asked")
            }
            // Without its configuration it would not be known what its services are.
            let services = try await session.configuration.load(vm).selection.compactMap(\.header.service)
            return try await GuestQuestion(vm: vm, limactl: limactl, session: session)
                .activity(of: instance, services: services)
        } catch let refusal as Refusal {
            throw Refusal(
                "it is not known whether anything works in \(vm), so it goes on:\n\(refusal.message)",
                hint: [refusal.hint, "`dvm stop \(vm)` stops it all the same"].compactMap(\.self).joined(
                    separator: "; "
                )
            )
        }
    }

    /// What works, in words; those of the guest made harmless.
    static func words(_ found: Activity) -> String {
        var parts: [String] = []
        if found.sessions > 0 {
            parts.append(found.sessions == 1 ? "1 session of an AI tool" : "\(found.sessions) sessions of AI tools")
        }
        return (parts + (found.programs.prefix(5) + found.services.prefix(5)).map { String($0.prefix(80)).printable })
            .joined(separator: ", ")
    }
}
