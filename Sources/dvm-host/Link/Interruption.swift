internal import DVMProtocol

/// Ctrl-C and its kin while dvm changes VMs: noticed instead of suffered, so that what is under way is ended first.
///
/// The lock of a VM must not be let go while `limactl` or a unit still works on it.
final class Interruption: Sendable {
    /// Readable from the first signal on, and never read: whoever waits for a guest waits for this, too.
    let reader: FileDescriptor
    private let writer: FileDescriptor
    private let signals: SignalPipe

    /// The one that watches over the present task, if one does.
    @TaskLocal static var current: Interruption?

    private static let watched = [SIGINT, SIGTERM, SIGHUP]

    /// How often somebody asks before dvm leaves without waiting for anybody.
    private static let patience = 3

    /// Watches from now on, for as long as the value lives; one at a time.
    private init() throws {
        (reader, writer) = try FileDescriptor.pipe()
        for end in [reader, writer] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        signals = try SignalPipe(unlessIgnored: Self.watched)
    }

    deinit {
        try? reader.close()
        try? writer.close()
    }

    /// Does something that ends when it is cancelled, and waits for its end when a signal came.
    ///
    /// - Throws: `Interrupted` when it did not come to its own end, else what it throws itself.
    static func guarding<Value: Sendable>(
        _ body: @escaping @Sendable (Interruption) async throws -> Value
    ) async throws -> Value {
        let interruption = try Interruption()
        let work = Task { try await $current.withValue(interruption) { try await body(interruption) } }
        let watch = Task { await interruption.watch(work.cancel) }
        let result = await work.result
        watch.cancel()
        let signal = await watch.value
        // Now, and not when the last task lets go of it: whoever comes next may watch, too.
        interruption.signals.release()
        if case .failure = result, let signal { throw Interrupted(signal: signal) }
        return try result.get()
    }

    /// Does something as above, unless that is done for all of it already.
    ///
    /// - Parameters:
    ///   - note: what a person is told who ends it.
    ///   - body: what is done.
    /// - Returns: what that returns.
    /// - Throws: `Interrupted`, or what that throws.
    static func covering<Value: Sendable>(
        saying note: String,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard current == nil else { return try await body() }
        do {
            return try await guarding { _ in try await body() }
        } catch var interrupted as Interrupted {
            interrupted.note = note
            throw interrupted
        }
    }

    /// Looks for signals; the first one is handed on, and remembered.
    private func watch(_ cancel: @Sendable () -> Void) async -> Int32? {
        var first: Int32?
        var count = 0
        repeat {
            for number in signals.read() {
                count += 1
                if first == nil {
                    first = number
                    _ = try? writer.writeAll([0])
                    cancel()
                }
                guard count < Self.patience else {
                    Cursor.show()
                    ExitStatus.leave(with: 128 + number)
                }
            }
            try? await Task.sleep(for: .milliseconds(50))
        } while !Task.isCancelled
        // One that came last of all.
        return first ?? signals.read().first
    }
}

/// A signal ended what was under way.
struct Interrupted: Error, Equatable {
    var signal: Int32
    /// What became of it, and what to do next.
    var note: String?
}
