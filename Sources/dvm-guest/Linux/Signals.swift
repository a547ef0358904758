internal import CLinux
internal import DVMProtocol

/// Signals as something to be read, for loops that wait for other things too.
enum Signals {
    /// Has these signals wait to be read instead of doing what they do.
    static func descriptor(for numbers: [Int32]) throws(Refusal) -> OwnedDescriptor {
        let raw = try call("watching signals") { unsafe dvm_signal_descriptor(numbers, Int32(numbers.count)) }
        return OwnedDescriptor(FileDescriptor(rawValue: raw))
    }
}
