internal import DVMProtocol
internal import Glibc

/// A socket that waits for connections.
///
/// One for which the system has no descriptor stays waiting, and poll(2) would find it again at once, for ever. So the
/// socket is left alone for a moment then.
struct Listener {
    private let socket: FileDescriptor
    /// Until when it is left alone.
    private(set) var rest: ContinuousClock.Instant?

    /// How long that is.
    static let pause = Duration.milliseconds(250)

    init(_ socket: FileDescriptor) { self.socket = socket }

    /// Whether it is left alone just now.
    var isResting: Bool { rest.map { ContinuousClock.now < $0 } ?? false }

    /// Waits for a connection too, unless it is left alone.
    mutating func register(in poll: inout PollSet) {
        guard !isResting else { return }
        rest = nil
        poll.add(socket, .read)
    }

    /// The connection of whoever waits to be let in; nothing when nobody does, they have left again, or there is no
    /// descriptor for one.
    mutating func accept(_ poll: PollSet) -> OwnedDescriptor? {
        guard rest == nil, poll.ready(socket, .read) else { return nil }
        let connection = Glibc.accept(socket.rawValue, nil, nil)
        guard connection >= 0 else {
            if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) { rest = .now + Self.pause }
            return nil
        }
        // No other thread could start a program between these two.
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        return OwnedDescriptor(FileDescriptor(rawValue: connection))
    }
}
