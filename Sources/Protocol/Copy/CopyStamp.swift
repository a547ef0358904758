/// What is kept of a file beside its bytes.
public struct CopyStamp: Hashable, Sendable {
    /// Rights of owner, group and others; setuid, setgid and sticky are never copied.
    public var mode: UInt16
    /// When it was last changed, in seconds since 1970.
    public var seconds: Int64
    /// The part of a second, below 1,000,000,000.
    public var nanoseconds: UInt32

    /// A stamp; what is no right is taken away.
    public init(mode: UInt16, seconds: Int64, nanoseconds: UInt32) {
        self.mode = mode & 0o777
        self.seconds = seconds
        self.nanoseconds = min(nanoseconds, 999_999_999)
    }

    /// Whether a file with this stamp and the other's counts as unchanged; some file systems keep whole seconds only.
    public func isSameTime(as other: Self) -> Bool {
        seconds == other.seconds
            && (nanoseconds == other.nanoseconds || nanoseconds == 0 || other.nanoseconds == 0)
    }
}
