internal import DVMProtocol

/// What a program in a VM wrote, on its way to a stream of this process.
///
/// Credit is given for what was received, once all that became of it is written: what may not pass takes no room here.
struct OutgoingStream {
    /// What the bytes go through.
    enum Screen: Hashable, Sendable {
        /// Nothing: a file or a pipe takes what it gets.
        case open
        /// On a terminal of a person who gave the program none: nothing there is for it to control.
        case harmless(TerminalBytes)
        /// On the program's terminal: everything but what reaches beyond the screen.
        case filtered(TerminalFilter)
    }

    private var screen: Screen
    private var queue: WriteQueue
    /// Of what was received and is not written: the bytes to be written still, and the credit that is due then.
    private var parts: [(left: Int, received: Int)] = []

    /// A stream to a descriptor.
    init(to descriptor: FileDescriptor, _ screen: Screen) {
        self.screen = screen
        queue = WriteQueue(for: descriptor)
    }

    var isEmpty: Bool { queue.isEmpty }

    /// Takes what was received.
    ///
    /// - Returns: the credit that is due at once, because nothing of it or before it is left to be written.
    mutating func append(_ bytes: [UInt8]) -> Int {
        let passed = pass(bytes)
        if passed.isEmpty, parts.isEmpty { return bytes.count }
        queue.append(passed)
        parts.append((passed.count, bytes.count))
        return 0
    }

    /// Writes once, to a descriptor that was found ready.
    ///
    /// - Returns: the credit that is due; `nil` when the reader is gone.
    /// - Throws: a `Refusal` when it cannot be written, as on a full disk.
    mutating func flush(to descriptor: FileDescriptor) throws(Refusal) -> Int? {
        guard var written = try queue.flush(to: descriptor) else { return nil }
        var due = 0
        var done = 0
        for index in parts.indices {
            guard written >= parts[index].left else {
                parts[index].left -= written
                break
            }
            written -= parts[index].left
            due += parts[index].received
            done += 1
        }
        parts.removeFirst(done)
        return due
    }

    /// Writes what waits still to the program's terminal, and then what puts it back, unless it takes nothing.
    ///
    /// - Parameters:
    ///   - descriptor: the terminal.
    ///   - patience: how long it may take for either.
    /// - Returns: whether the terminal sent what nobody typed until then.
    mutating func end(on descriptor: FileDescriptor, within patience: Duration) -> Bool {
        guard case .filtered(let filter) = screen, !queue.isEmpty || !filter.ending().isEmpty else { return false }
        // Of a terminal that was halted (Ctrl-S), or is gone, nothing is expected; even where select(2) finds it ready,
        // it may take less than is written, and then it would be waited for.
        let own = TerminalDevice.opened(descriptor)
        defer { try? own?.close() }
        write(to: own ?? descriptor, within: patience)
        let isCutShort = !queue.isEmpty
        queue = WriteQueue(for: own ?? descriptor)
        parts = []
        queue.append(filter.ending(isCutShort: isCutShort))
        write(to: own ?? descriptor, within: patience)
        return filter.hasReports(isCutShort: isCutShort)
    }

    private mutating func write(to descriptor: FileDescriptor, within patience: Duration) {
        let deadline = ContinuousClock.now + patience
        while !queue.isEmpty {
            var ready = Readiness()
            ready.write(descriptor)
            let left = max(0, Int(ContinuousClock.now.duration(to: deadline) / .milliseconds(1)))
            guard (try? ready.wait(milliseconds: left)) != nil, ready.canWrite(descriptor),
                (try? queue.flush(to: descriptor)) != nil
            else { return }
        }
    }

    private mutating func pass(_ bytes: [UInt8]) -> [UInt8] {
        switch screen {
        case .open: return bytes
        case .harmless(var screen):
            defer { self.screen = .harmless(screen) }
            return screen.harmless(bytes)
        case .filtered(var screen):
            defer { self.screen = .filtered(screen) }
            return screen.pass(bytes)
        }
    }
}
