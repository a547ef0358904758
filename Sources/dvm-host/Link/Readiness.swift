internal import DVMProtocol

/// Descriptors to wait for, and what was found ready.
///
/// select(2) and not poll(2): on macOS poll does not work on terminals. A link has a handful of descriptors, far from
/// select's limit of 1024.
struct Readiness {
    private var reading = fd_set()
    private var writing = fd_set()
    private var highest: Int32 = -1

    /// Descriptors from this number on cannot be waited for.
    static let limit: Int32 = 1024

    /// Waits for a descriptor to be readable, or at its end.
    mutating func read(_ descriptor: FileDescriptor) { add(descriptor, to: \.reading) }

    /// Waits for a descriptor to take bytes, or to have lost its reader.
    mutating func write(_ descriptor: FileDescriptor) { add(descriptor, to: \.writing) }

    /// Waits until something is ready.
    ///
    /// - Parameter milliseconds: how long at most; for ever when absent.
    /// - Throws: a `Refusal` when the system cannot wait.
    mutating func wait(milliseconds: Int? = nil) throws(Refusal) {
        let (wantedReading, wantedWriting) = (reading, writing)
        while true {
            (reading, writing) = (wantedReading, wantedWriting)
            let count: Int32
            if let milliseconds {
                var time = timeval(tv_sec: .init(milliseconds / 1000), tv_usec: .init(milliseconds % 1000 * 1000))
                count = unsafe select(highest + 1, &reading, &writing, nil, &time)
            } else {
                count = unsafe select(highest + 1, &reading, &writing, nil, nil)
            }
            if count >= 0 { return }
            guard errno == EINTR else { throw Refusal("cannot wait for the VM: \(Errno(rawValue: errno))") }
        }
    }

    /// Whether reading a descriptor would not wait now.
    func canRead(_ descriptor: FileDescriptor) -> Bool { Self.bit(descriptor, of: reading) }

    /// Whether writing to a descriptor would not wait now.
    func canWrite(_ descriptor: FileDescriptor) -> Bool { Self.bit(descriptor, of: writing) }

    private mutating func add(_ descriptor: FileDescriptor, to set: WritableKeyPath<Self, fd_set>) {
        let number = descriptor.rawValue
        precondition((0..<Self.limit).contains(number), "a link has a handful of descriptors")
        highest = max(highest, number)
        // FD_SET is a macro. The set is an array of words, the lowest bit first, which on the little-endian machines dvm
        // runs on is an array of bytes as well.
        unsafe withUnsafeMutableBytes(of: &self[keyPath: set]) { unsafe $0[Int(number) / 8] |= 1 << UInt8(number % 8) }
    }

    private static func bit(_ descriptor: FileDescriptor, of set: fd_set) -> Bool {
        let number = descriptor.rawValue
        return unsafe withUnsafeBytes(of: set) { unsafe $0[Int(number) / 8] & 1 << UInt8(number % 8) != 0 }
    }
}
