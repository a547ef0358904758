internal import DVMProtocol

/// Signals as bytes to read, one each, so that a loop can wait for them with everything else.
struct SignalPipe: ~Copyable {
    let reader: FileDescriptor
    private let writer: FileDescriptor
    private let numbers: [Int32]

    /// Watches signals instead of suffering their usual effect, for as long as the value lives; one at a time.
    ///
    /// Those that dvm was started not to hear, as by nohup(1), may be left alone.
    init(watching numbers: [Int32], unlessIgnored: Bool = false) throws {
        (reader, writer) = try FileDescriptor.pipe()
        for end in [reader, writer] {
            _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end.rawValue, F_SETFL, O_NONBLOCK)
        }
        unsafe handlerDescriptor = writer.rawValue
        var taken: [Int32] = []
        for number in numbers {
            let previous = signal(number) { number in
                // Async-signal-safe: write(2) only, errno kept for whoever was interrupted.
                let kept = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = unsafe write(handlerDescriptor, &byte, 1)
                errno = kept
            }
            // SIG_IGN of signal(3); another handler's place is taken.
            if unlessIgnored, let previous, unsafe unsafeBitCast(previous, to: Int.self) == 1 {
                _ = signal(number, previous)
            } else {
                taken.append(number)
            }
        }
        self.numbers = taken
    }

    deinit {
        for number in numbers { signal(number, SIG_DFL) }
        unsafe handlerDescriptor = -1
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
