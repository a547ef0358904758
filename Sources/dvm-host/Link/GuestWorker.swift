internal import DVMProtocol
internal import Dispatch

/// A guest reached on a thread of its own, for commands that do other things meanwhile or talk to several.
///
/// The loop of a link waits without giving way, so on the few threads that tasks share it would stop all others.
actor GuestWorker {
    private let executor: LinkExecutor
    private var connection: GuestConnection?
    /// What became of a first attempt, until it is taken up.
    private var contacted: Result<GuestConnection, any Error>?

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    init(for vm: MachineName) { executor = LinkExecutor(label: vm.instance) }

    /// Tries to reach the guest of a VM that most likely runs; `connect` takes that up, and says what came of it.
    ///
    /// Nothing is asked of it until then.
    func contact(
        _ vm: MachineName,
        through limactl: Limactl,
        _ session: Session,
        until interruption: Interruption?
    ) {
        contacted = Result {
            var route = try GuestConnection.Route(limactl, to: vm, session, note: session.display.note)
            route.stop = interruption?.reader
            // Nobody may wait for it any more, who would keep that descriptor open.
            return try withExtendedLifetime(interruption) { try GuestConnection.contact(vm, route) }
        }
    }

    /// Reaches the guest of a VM that runs; returns what it said of itself.
    ///
    /// - Throws: a `Refusal`, or `CancellationError` when that is given up.
    func connect(
        _ machine: Machine,
        to instance: LimaInstance,
        until interruption: Interruption?,
        isRenewal: Bool = false,
        note: @escaping @Sendable (String) -> Void
    ) throws -> Welcome.Facts {
        let first = contacted
        contacted = nil
        let connection = try machine.connect(
            to: instance,
            contacted: first,
            until: interruption?.reader,
            isRenewal: isRenewal,
            note: note
        )
        self.connection = connection
        return connection.welcome.facts
    }

    /// Reaches the guest of a VM that runs, whether or not it has a configuration.
    ///
    /// `replacing` is told when its guest program is about to be replaced, and when that is done.
    ///
    /// - Throws: a `Refusal`, or `CancellationError` when that is given up.
    func connect(
        to instance: LimaInstance,
        of vm: MachineName,
        through limactl: Limactl,
        _ session: Session,
        until stop: FileDescriptor,
        replacing: @escaping @Sendable (Bool) -> Void
    ) throws {
        var route = try GuestConnection.Route(limactl, to: vm, session, note: session.display.note)
        route.stop = stop
        route.replacing = replacing
        connection = try GuestConnection.open(vm, route, architecture: instance.architecture)
    }

    /// Runs a task of the guest's to its end.
    ///
    /// - Throws: the guest's `Refusal`, or one that says what was lost with the link.
    func perform<Result: Decodable & Sendable>(
        _ task: GuestTask,
        as type: Result.Type,
        progress: @Sendable (Progress) -> Void = { _ in },
        output: @Sendable (ArraySlice<UInt8>) -> Void = { _ in }
    ) throws -> Result {
        guard let connection else { throw Refusal("the guest program was not reached") }
        do {
            return try connection.perform(task, as: type, maySayNothing: true, progress: progress, output: output)
        } catch is CancellationError {
            // The guest ends what it does when the link is gone, and the link is over when it has.
            connection.leave()
            throw CancellationError()
        }
    }
}

/// A thread of its own for an actor.
private final class LinkExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
