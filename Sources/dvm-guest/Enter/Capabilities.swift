internal import CCap
internal import CLinux
internal import DVMProtocol

/// What a process may do beside what its user may: nothing.
enum Capabilities {
    /// Gives up what a program with file capabilities, or a setuid one, could get back.
    static func dropBoundingAndAmbient() throws(Refusal) {
        for capability in 0..<cap_max_bits() where cap_get_bound(capability) == 1 {
            try call("dropping capability \(capability) from the bounding set") { cap_drop_bound(capability) }
        }
        try call("dropping ambient capabilities") { cap_reset_ambient() }
    }

    /// Gives up every capability of this process.
    ///
    /// - Throws: a `Refusal` when one is left.
    static func dropAll() throws(Refusal) {
        guard let none = unsafe cap_init() else { throw Refusal("there is no memory for capabilities") }
        defer { unsafe cap_free(UnsafeMutableRawPointer(none)) }
        try call("dropping capabilities") { unsafe cap_set_proc(none) }
        guard areNone() else { throw Refusal("the kernel left capabilities after they were dropped") }
    }

    /// Whether this process has no capability in any set.
    static func areNone() -> Bool {
        guard let none = unsafe cap_init(), let present = unsafe cap_get_proc() else { return false }
        defer {
            unsafe cap_free(UnsafeMutableRawPointer(none))
            unsafe cap_free(UnsafeMutableRawPointer(present))
        }
        let bounding = (0..<cap_max_bits()).contains { cap_get_bound($0) == 1 || cap_get_ambient($0) == 1 }
        return unsafe cap_compare(none, present) == 0 && !bounding
    }

    /// Has the kernel ignore setuid bits and file capabilities from now on; also what lets an ordinary user set a filter.
    static func neverRegain() throws(Refusal) {
        try call("forbidding new privileges") { dvm_set_no_new_privileges() }
        guard dvm_no_new_privileges() == 1 else { throw Refusal("the kernel does not forbid new privileges") }
    }
}
