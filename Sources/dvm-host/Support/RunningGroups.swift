internal import DVMProtocol
internal import Synchronization

/// The process groups of programs that dvm runs for itself: a signal that ends dvm ends them first.
///
/// On a terminal Ctrl-C reaches only the group in the foreground, and these are groups of their own, so that a time limit
/// ends a program's children too. Without this, what a configuration waits for would be left behind for good.
enum RunningGroups {
    private static let watched = [SIGINT, SIGTERM, SIGHUP]
    /// How many there are.
    private static let count = Mutex(0)

    /// Takes in a group, which is led by a child that has not been waited for.
    static func add(_ group: Int32) {
        guard group > 1 else { return }
        count.withLock { count in
            guard let free = find(0) else { return }
            unsafe slots[free] = group
            count += 1
            if count == 1 { watch() }
        }
    }

    /// Forgets a group whose leader has ended.
    static func remove(_ group: Int32) {
        guard group > 1 else { return }
        count.withLock { count in
            guard let index = find(group) else { return }
            unsafe slots[index] = 0
            count -= 1
            if count == 0 { stopWatching() }
        }
    }

    private static func find(_ group: Int32) -> Int? { (0..<most).first { unsafe slots[$0] == group } }

    private static func watch() {
        // Otherwise somebody else ends what is under way, or dvm was started not to hear it.
        for number in watched where handler(of: number) == nil { signal(number, endGroups) }
    }

    private static func stopWatching() {
        // It may be somebody else's by now.
        for number in watched where isOurs(handler(of: number)) { signal(number, SIG_DFL) }
        // Whoever hid the cursor meanwhile left the signals to us.
        Cursor.isUnguarded()
    }

    /// Who handles a signal; nobody where that has its usual effect.
    ///
    /// Only looked at: to exchange it for that would leave a moment in which nobody does.
    private static func handler(of number: Int32) -> Handler? {
        var action = sigaction()
        guard unsafe sigaction(number, nil, &action) == 0 else { return nil }
        #if canImport(Darwin)
        return unsafe action.__sigaction_u.__sa_handler
        #else
        return unsafe action.__sigaction_handler.sa_handler
        #endif
    }

    private static func isOurs(_ handler: Handler?) -> Bool {
        let ours: Handler = endGroups
        guard let handler else { return false }
        return unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(ours, to: Int.self)
    }
}

/// What signal(3) takes and gives back.
private typealias Handler = @convention(c) (Int32) -> Void

private let most = 256

/// The groups, 0 where there is none; aligned words, as a handler can read them at any time, and cannot be given anything.
nonisolated(unsafe) private let slots: UnsafeMutablePointer<Int32> = {
    let slots = UnsafeMutablePointer<Int32>.allocate(capacity: most)
    unsafe slots.initialize(repeating: 0, count: most)
    return unsafe slots
}()

/// Async-signal-safe: kill(2), getpid(2) and signal(3) only, and memory that was made before.
private func endGroups(_ number: Int32) {
    for index in 0..<most {
        let group = unsafe slots[index]
        if group > 1 { kill(-group, SIGTERM) }
    }
    signal(number, SIG_DFL)
    kill(getpid(), number)
}
