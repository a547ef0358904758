/// How a program ended.
public enum Exit: Hashable, Codable, Sendable {
    /// It exited with a code from 0 to 255.
    case exited(UInt8)
    /// A signal killed it.
    case signaled(UInt8)

    /// The status a shell would show: the code, or 128 and the signal.
    public var status: Int32 {
        switch self {
        case .exited(let code): Int32(code)
        case .signaled(let signal): 128 + Int32(signal & 0x7F)
        }
    }
}

/// The signals a host may send to a program.
///
/// By name and not by number: the two systems at the ends of a link do not number them alike.
public enum Signal: String, Hashable, Codable, CaseIterable, Sendable {
    /// Terminal gone.
    case hangup
    /// Ctrl-C.
    case interrupt
    /// Ctrl-\.
    case quit
    /// Please end.
    case terminate
    /// End.
    case kill
    /// Go on after a stop.
    case proceed
    /// The first signal for the program's own use.
    case user1
    /// The second signal for the program's own use.
    case user2
}
