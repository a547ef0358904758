// For timespec: which of the two modules has it depends on the order in which headers were read.
internal import CLinux
internal import DVMProtocol
internal import Glibc

/// The VM's clock, which in plain mode nothing sets after the host has slept.
enum Clock {
    /// The most a clock may be off before it is stepped, in seconds: more than a slow link adds, less than TLS and make
    /// notice.
    static let tolerance = 2.0

    /// The step that brings a clock to the host's, if it needs one.
    static func step(guest: Double, host: Double) -> Double? {
        let difference = host - guest
        // A host that says something absurd keeps its opinion: 2000 to 2200.
        guard host > 946_684_800, host < 7_258_118_400, difference.magnitude > tolerance else { return nil }
        return difference
    }

    /// Follows the host's clock when ours is off; returns the step made.
    ///
    /// - Throws: a `Refusal` when the kernel refuses.
    static func follow(host: Double) throws(Refusal) -> Double? {
        var now = timespec()
        try call("reading the clock") { unsafe clock_gettime(CLOCK_REALTIME, &now) }
        guard let step = step(guest: Double(now.tv_sec) + Double(now.tv_nsec) / 1e9, host: host) else { return nil }
        var then = timespec(tv_sec: Int(host), tv_nsec: Int((host - host.rounded(.down)) * 1e9))
        try call("setting the clock") { unsafe clock_settime(CLOCK_REALTIME, &then) }
        return step
    }
}
