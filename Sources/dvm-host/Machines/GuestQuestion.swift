internal import DVMProtocol

/// A short question to the guest of a VM that runs, which is waited for only so long.
struct GuestQuestion: Sendable {
    let vm: MachineName
    let limactl: Limactl
    let session: Session
    /// How long the answer may take.
    var patience = Duration.seconds(20)

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
            try await guest.connect(to: instance, of: vm, through: limactl, session, until: limit.reader)
            return try await body(guest)
        } catch is CancellationError where !Task.isCancelled {
            throw Refusal(
                "\(vm) did not answer within \(patience.components.seconds) s",
                hint: "`dvm ssh \(vm) true` shows whether it does at all; `dvm stop --force \(vm)` switches it off"
            )
        }
    }
}

/// A descriptor that becomes readable after a while, for loops that wait for descriptors.
private final class TimeLimit: Sendable {
    /// Closed when neither the waiting nor the timer needs them any more: their numbers may be others' afterwards.
    private final class Ends: Sendable {
        let reader: FileDescriptor
        let writer: FileDescriptor

        init() throws {
            (reader, writer) = try FileDescriptor.pipe()
            for end in [reader, writer] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        }

        deinit {
            try? reader.close()
            try? writer.close()
        }
    }

    private let ends: Ends
    private let timer: Task<Void, Never>

    var reader: FileDescriptor { ends.reader }

    init(_ time: Duration) throws {
        let ends = try Ends()
        self.ends = ends
        timer = Task {
            do { try await Task.sleep(for: time) } catch { return }
            _ = try? ends.writer.writeAll([0])
        }
    }

    deinit { timer.cancel() }
}
