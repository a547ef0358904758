internal import DVMProtocol
internal import Glibc

/// Bytes waiting for a reader that may be slow.
///
/// Whoever fills it must bound it: by credit, or by not reading more while `count` is large.
struct Outbox {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: some Collection<UInt8>) { bytes.append(contentsOf: more) }

    mutating func append(_ frame: Frame) { frame.append(to: &bytes) }

    /// What became of a write.
    enum Progress: Equatable {
        /// This many bytes left; possibly none, because the reader is slow.
        case wrote(Int)
        /// Nobody reads any more.
        case readerGone
    }

    /// Writes what the reader takes now, without waiting for it.
    ///
    /// To a socket with send(2), which alone can be told not to wait on a description that others share.
    mutating func flush(to descriptor: FileDescriptor, isSocket: Bool = false) -> Progress {
        let written = unsafe bytes[start...].withUnsafeBytes { waiting in
            while true {
                let count =
                    unsafe isSocket
                    ? send(
                        descriptor.rawValue,
                        waiting.baseAddress,
                        waiting.count,
                        Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
                    )
                    : write(descriptor.rawValue, waiting.baseAddress, waiting.count)
                if count >= 0 { return count }
                switch errno {
                case EINTR: continue
                case EAGAIN: return 0
                default: return -1
                }
            }
        }
        guard written >= 0 else { return .readerGone }
        start += written
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= Frame.largestPayload * 4)
            start = 0
        } else if start >= Frame.largestPayload {
            // Now and then, so that a long-lived outbox does not grow at its front.
            bytes.removeSubrange(..<start)
            start = 0
        }
        return .wrote(written)
    }
}
