internal import DVMProtocol

/// Signals as bytes to read, one each, so that a loop can wait for them with everything else.
struct SignalPipe: ~Copyable {
    let reader: FileDescriptor
    private let writer: FileDescriptor
    private let numbers: [Int32]

    /// Watches signals instead of suffering their usual effect, for as long as the value lives; one at a time.
    ///
    /// - Parameters:
    ///   - numbers: signals that are watched in any case.
    ///   - others: signals that are left alone where dvm was started not to hear them, as by nohup(1).
    /// - Throws: an `Errno` when there can be no pipe.
    init(watching numbers: [Int32] = [], unlessIgnored others: [Int32] = []) throws {
        (reader, writer) = try FileDescriptor.pipe()
        for end in [reader, writer] {
            _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end.rawValue, F_SETFL, O_NONBLOCK)
        }
        unsafe handlerDescriptor = writer.rawValue
        var taken: [Int32] = []
        for number in numbers + others {
            let previous = signal(number) { number in
                // Async-signal-safe: write(2) only, errno kept for whoever was interrupted.
                let kept = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = unsafe write(handlerDescriptor, &byte, 1)
                errno = kept
            }
            if others.contains(number), Self.isIgnoring(previous) {
                _ = signal(number, previous)
            } else {
                taken.append(number)
            }
        }
        self.numbers = taken
    }

    /// Whether a signal was ignored, and not handled by what puts the terminal back.
    private static func isIgnoring(_ previous: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafe previous.map { unsafe unsafeBitCast($0, to: UInt.self) } == unsafeBitCast(SIG_IGN, to: UInt.self)
    }

    /// Watches no longer; nothing where another one does by now.
    func release() {
        guard unsafe handlerDescriptor == writer.rawValue else { return }
        for number in numbers { signal(number, SIG_DFL) }
        Cursor.isUnguarded()
        unsafe handlerDescriptor = -1
    }

    deinit {
        release()
        try? reader.close()
        try? writer.close()
    }

    /// The signals that came since the last time.
    func read() -> [Int32] {
        var bytes = [UInt8](repeating: 0, count: 64)
        guard let count = try? unsafe bytes.withUnsafeMutableBytes({ try unsafe reader.read(into: $0) }) else {
            return []
        }
        return bytes.prefix(count).map(Int32.init)
    }
}

/// Where the handler writes; a handler cannot be given anything.
///
/// Set before a handler is installed and after it is removed,
/// and an aligned word besides.
nonisolated(unsafe) private var handlerDescriptor: Int32 = -1
