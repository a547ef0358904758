internal import CLinux
internal import Glibc

/// The clock the kernel dates changes of files with, remembered at a moment.
struct ChangeClock {
    private let wall = Self.read(CLOCK_REALTIME_COARSE)
    private let steady = Self.read(CLOCK_BOOTTIME)

    /// That moment, by the clock as it is now: it may have been set back since.
    var started: Int {
        let behind = (Self.read(CLOCK_BOOTTIME) - steady) - (Self.read(CLOCK_REALTIME_COARSE) - wall)
        // Less is the coarseness of the clock.
        return behind > 100_000_000 ? wall - behind : wall
    }

    private static func read(_ clock: clockid_t) -> Int {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
