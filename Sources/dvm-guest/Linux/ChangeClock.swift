internal import CLinux
internal import Glibc

/// The clock the kernel dates changes of files with, remembered at a moment.
struct ChangeClock: Hashable, Codable {
    private let wall: Int
    private let steady: Int

    /// This moment.
    init() {
        wall = Self.read(CLOCK_REALTIME_COARSE)
        steady = Self.read(CLOCK_BOOTTIME)
    }

    /// That moment, by the clock as it is now: it may have been set back since.
    var started: Int {
        // Negative when the VM was started anew meanwhile, whose steady clock began anew too.
        let behind = (Self.read(CLOCK_BOOTTIME) - steady) - (Self.read(CLOCK_REALTIME_COARSE) - wall)
        // Less is the coarseness of the clock.
        return behind > 100_000_000 ? wall - behind : wall
    }

    /// This moment by that clock, in nanoseconds since 1970.
    static var now: Int { read(CLOCK_REALTIME_COARSE) }

    private static func read(_ clock: clockid_t) -> Int {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
