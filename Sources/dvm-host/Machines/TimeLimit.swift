internal import DVMProtocol
internal import Synchronization

/// A descriptor that becomes readable after a while, for loops that wait for descriptors.
final class TimeLimit: Sendable {
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
    private let timer: Mutex<(time: Duration, task: Task<Void, Never>)>

    var reader: FileDescriptor { ends.reader }

    /// The while that was set last.
    var time: Duration { timer.withLock { $0.time } }

    init(_ time: Duration) throws {
        let ends = try Ends()
        self.ends = ends
        timer = Mutex((time: time, task: Self.task(time, ends)))
    }

    /// Begins anew with another while; what is over stays so.
    func start(_ time: Duration) {
        timer.withLock {
            $0.task.cancel()
            $0 = (time, Self.task(time, ends))
        }
    }

    private static func task(_ time: Duration, _ ends: Ends) -> Task<Void, Never> {
        Task {
            do { try await Task.sleep(for: time) } catch { return }
            _ = try? ends.writer.writeAll([0])
        }
    }

    deinit { timer.withLock { $0.task.cancel() } }
}
