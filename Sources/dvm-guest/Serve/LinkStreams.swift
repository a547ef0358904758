internal import CLinux
internal import DVMProtocol
internal import Glibc

/// The two streams of the link, out of the way of everything else.
///
/// Standard output belongs to the protocol: it moves to a private descriptor, and descriptor 1 becomes standard error, so
/// that a stray print can never be taken for a frame.
struct LinkStreams: ~Copyable {
    let input: OwnedDescriptor
    let output: OwnedDescriptor
    /// Whether `output` is a socket, which can be written to without waiting whoever else shares it.
    let outputIsSocket: Bool

    /// Takes over descriptors 0 and 1.
    ///
    /// - Throws: a `Refusal` when they are not open.
    static func takeOver() throws(Refusal) -> Self {
        let input = try moved(0)
        let shared = try moved(1)
        let null = OwnedDescriptor(
            FileDescriptor(rawValue: try call("opening /dev/null") { unsafe open("/dev/null", O_RDWR | O_CLOEXEC) })
        )
        try call("closing standard input") { dup2(null.raw.rawValue, 0) }
        try call("moving standard output") { dup2(2, 1) }

        let status = try Status.of(shared.raw, called: "the link")
        if status.mode & S_IFMT == S_IFSOCK {
            return Self(input: input, output: shared, outputIsSocket: true)
        }
        // A pipe's description is shared with the login shell and sudo, so it must not be set not to wait: a description
        // of our own can. What cannot be opened again (a terminal, in someone's experiment) simply waits.
        let own = unsafe open("/proc/self/fd/\(shared.raw.rawValue)", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard own >= 0 else { return Self(input: input, output: shared, outputIsSocket: false) }
        return Self(input: input, output: OwnedDescriptor(FileDescriptor(rawValue: own)), outputIsSocket: false)
    }

    private static func moved(_ descriptor: Int32) throws(Refusal) -> OwnedDescriptor {
        OwnedDescriptor(
            FileDescriptor(
                rawValue: try call("taking over descriptor \(descriptor)") { fcntl(descriptor, F_DUPFD_CLOEXEC, 3) }
            )
        )
    }
}
