internal import DVMProtocol
internal import Synchronization

/// A terminal that hands on every byte as it is typed, until it is put back.
///
/// It is put back by `restore`, and by any signal that would end dvm: a shell left in raw mode neither echoes nor
/// starts new lines.
struct RawMode: Sendable {
    private let descriptor: FileDescriptor

    /// Makes a terminal raw.
    ///
    /// - Throws: a `Refusal` when the descriptor is no terminal, or one is raw already.
    static func enter(_ descriptor: FileDescriptor) throws(Refusal) -> RawMode {
        var mode = termios()
        guard unsafe tcgetattr(descriptor.rawValue, &mode) == 0 else {
            throw Refusal("the terminal's mode cannot be read: \(Errno(rawValue: errno))")
        }
        guard !Undo.isRaw else { throw Refusal("the terminal is in raw mode already") }
        Undo.remember(mode, of: descriptor)
        unsafe cfmakeraw(&mode)
        guard unsafe tcsetattr(descriptor.rawValue, TCSADRAIN, &mode) == 0 else {
            let failure = Errno(rawValue: errno)
            Undo.restore()
            throw Refusal("the terminal's mode cannot be changed: \(failure)")
        }
        return RawMode(descriptor: descriptor)
    }

    /// Drops what has been typed, or was sent by the terminal as if it had been, and nobody has read.
    func dropInput() { _ = tcflush(descriptor.rawValue, TCIFLUSH) }

    /// Puts the terminal back as it was; nothing the second time.
    func restore() { Undo.restore() }
}

/// The cursor of the terminal on standard error.
enum Cursor {
    static func hide() { Undo.hideCursor() }
    static func show() { Undo.showCursor() }
    /// Says that nothing shows it again any more when a signal ends dvm; the next one that hides it sees to that.
    static func isUnguarded() { Undo.hasNoHandlers() }
}

/// What has to be undone on a terminal before dvm ends.
///
/// Signal handlers read this, so it is atomics and memory that is never freed: a handler may neither lock nor allocate.
private enum Undo {
    /// The terminal that is raw, or -1; stored after `mode` was filled in.
    private static let descriptor = Atomic<Int32>(-1)
    private static let isCursorHidden = Atomic<Bool>(false)
    private static let hasHandlers = Atomic<Bool>(false)
    // Written only while `descriptor` is -1, when no handler reads it.
    nonisolated(unsafe) private static let mode = UnsafeMutablePointer<termios>.allocate(capacity: 1)
    nonisolated(unsafe) private static let showing = unsafe bytes("\u{1B}[?25h")
    nonisolated(unsafe) private static let hiding = unsafe bytes("\u{1B}[?25l")

    static var isRaw: Bool { descriptor.load(ordering: .acquiring) >= 0 }

    static func remember(_ old: termios, of terminal: FileDescriptor) {
        unsafe mode.initialize(to: old)
        descriptor.store(terminal.rawValue, ordering: .releasing)
        handleSignals()
    }

    static func restore() {
        let terminal = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        if terminal >= 0 { unsafe tcsetattr(terminal, TCSANOW, mode) }
    }

    static func hideCursor() {
        handleSignals()
        guard !isCursorHidden.exchange(true, ordering: .acquiringAndReleasing) else { return }
        _ = unsafe write(2, hiding, 6)
    }

    static func showCursor() {
        guard isCursorHidden.exchange(false, ordering: .acquiringAndReleasing) else { return }
        _ = unsafe write(2, showing, 6)
    }

    /// Undoes everything before a signal ends us; signals somebody else handles or ignores are left alone.
    private static func handleSignals() {
        guard !hasHandlers.exchange(true, ordering: .acquiringAndReleasing) else { return }
        // The handler must not be the first to use these: that would initialise them, under a lock.
        unsafe _ = (mode, showing)
        let ending = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP]
        for number in ending {
            let previous = signal(number) { number in
                Undo.restore()
                Undo.showCursor()
                // Blocked until the handler returns, then it ends us as it would have.
                _ = signal(number, SIG_DFL)
                raise(number)
            }
            if previous != nil { _ = signal(number, previous) }
        }
    }

    /// Somebody else has taken the signals over, and given them back as they were at first.
    static func hasNoHandlers() { hasHandlers.store(false, ordering: .releasing) }

    private static func bytes(_ text: String) -> UnsafeMutablePointer<UInt8> {
        let bytes = Array(text.utf8)
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
        unsafe room.initialize(from: bytes, count: bytes.count)
        return unsafe room
    }
}
