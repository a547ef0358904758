internal import DVMProtocol

/// A short question to the guest of a VM that runs, which is waited for only so long.
struct GuestQuestion: Sendable {
    let vm: MachineName
    let limactl: Limactl
    let session: Session
    /// How long the VM may take to say who it is, and then to answer.
    var patience = Duration.seconds(20)
    /// How long putting this dvm's guest program into the VM may take, where that has to be done first.
    private static let replacement = Duration.seconds(300)

    /// What works in the VM at the moment; it is remembered as the last contact.
    ///
    /// - Parameters:
    ///   - instance: the VM, running.
    ///   - services: units that count where they are active.
    /// - Returns: what the VM says.
    /// - Throws: a `Refusal` when there is no answer.
    func activity(of instance: LimaInstance, services: [String] = []) async throws -> Activity {
        try await ask(instance) { guest in try await activity(guest, services) }
    }

    /// Asks for everything that `dvm ls` shows of a VM, and remembers it.
    ///
    /// - Throws: a `Refusal` when there is no answer to all of it.
    func everything(of instance: LimaInstance) async throws {
        try await ask(instance) { guest in
            _ = try await activity(guest, [])
            session.state(of: vm).keep(WorkSeen(try await guest.perform(.work, as: WorkReport.self)))
        }
    }

    private func activity(_ guest: GuestWorker, _ services: [String]) async throws -> Activity {
        let found = try await guest.perform(.activity(services: services), as: Activity.self)
        session.state(of: vm).keep(LastContact(sessions: found.sessions))
        return found
    }

    private func ask<Answer>(_ instance: LimaInstance, _ body: (GuestWorker) async throws -> Answer) async throws
        -> Answer
    {
        let limit = try TimeLimit(patience)
        do {
            let guest = GuestWorker(for: vm)
            try await guest.connect(to: instance, of: vm, through: limactl, session, until: limit.reader) {
                limit.start($0 ? Self.replacement : patience)
            }
            limit.start(patience)
            return try await body(guest)
        } catch is CancellationError where !Task.isCancelled {
            throw Refusal(
                "\(vm) did not answer within \(limit.time.components.seconds) s",
                hint: "`dvm ssh \(vm) true` shows whether it does at all; `dvm stop --force \(vm)` switches it off"
            )
        }
    }
}
