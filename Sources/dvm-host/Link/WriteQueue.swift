internal import DVMProtocol

/// Bytes on their way to a descriptor that may be slow.
///
/// Whoever fills it must bound it: by the credit it gives, or by what a person types.
struct WriteQueue {
    private var bytes: [UInt8] = []
    private var start = 0
    /// The most written at once: what a writable descriptor takes without making us wait.
    private let most: Int

    /// A queue for a descriptor.
    init(for descriptor: FileDescriptor?) {
        // Of a pipe only this much is promised, unless it does not wait at all.
        let flags = descriptor.map { fcntl($0.rawValue, F_GETFL) } ?? 0
        let isPatientPipe = flags & O_NONBLOCK == 0 && descriptor.map(Self.isPipe) ?? false
        most = isPatientPipe ? Int(PIPE_BUF) : Frame.largestData
    }

    var count: Int { bytes.count - start }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

    mutating func append(_ frame: Frame) { frame.append(to: &bytes) }

    /// Writes once, to a descriptor that was found ready.
    ///
    /// - Returns: how many bytes left; `nil` when the reader is gone.
    /// - Throws: a `Refusal` when they cannot be written, as on a full disk.
    mutating func flush(to descriptor: FileDescriptor) throws(Refusal) -> Int? {
        let end = min(bytes.count, start + most)
        let written = unsafe bytes[start..<end].withUnsafeBytes {
            unsafe write(descriptor.rawValue, $0.baseAddress, $0.count)
        }
        guard written >= 0 else {
            switch Errno(rawValue: errno) {
            case .interrupted, .resourceTemporarilyUnavailable: return 0
            case .brokenPipe: return nil
            case let error: throw Refusal("cannot write the output: \(error)")
            }
        }
        start += written
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= Credit.pipeWindow)
            start = 0
        } else if start >= Frame.largestPayload {
            bytes.removeSubrange(..<start)
            start = 0
        }
        return written
    }

    private static func isPipe(_ descriptor: FileDescriptor) -> Bool {
        var status = stat()
        return unsafe fstat(descriptor.rawValue, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
            && isatty(descriptor.rawValue) == 0
    }
}
