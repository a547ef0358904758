internal import DVMProtocol
internal import Glibc

/// The process that lets the host's login in.
///
/// It owns the listening socket, and a `serve` that is started already and waits for its streams. It reads nothing of what
/// its visitors say.
struct Door: ~Copyable {
    private var listener: Listener
    /// Whom it lets in beside root.
    private let visitor: UInt32
    private let installed: InstalledProgram
    private var spare: Spare?

    /// Why a door closes.
    enum End {
        /// Nobody has come for a while.
        case idle
        /// Another build lies where this one was started from; it takes over the socket.
        case replaced
    }

    /// After this long without a visitor it ends; systemd keeps the socket.
    private static let patience = Duration.seconds(600)

    /// A visitor's own work comes first: the next `serve` is made ready when they have had this long.
    ///
    /// A short command is through by then, and one right after it finds the next `serve` ready (under emulation).
    private static let pause = Duration.milliseconds(200)

    /// A door that listens at a descriptor.
    init(at socket: FileDescriptor, for visitor: UInt32, installed: InstalledProgram) {
        listener = Listener(socket)
        self.visitor = visitor
        self.installed = installed
    }

    /// Lets visitors in until nobody comes any more, or another build of this program has taken this one's place.
    ///
    /// - Throws: a `Refusal` when the kernel cannot wait for us.
    mutating func run() throws(Refusal) -> End {
        while !installed.isReplaced {
            var poll = PollSet()
            listener.register(in: &poll)
            if let spare { poll.add(spare.door.raw, .read) }
            let waiting = listener.isResting ? Listener.pause : spare == nil ? Self.pause : Self.patience
            try poll.wait(milliseconds: Int32(waiting / .milliseconds(1)))

            if let spare, poll.ready(spare.door.raw, .read) {
                // It has ended; it has nothing to say to us.
                self.spare = nil
            } else if poll.isQuiet {
                if spare != nil, waiting == Self.patience { return .idle }
                // Without a process or descriptor for it now, there may be one later.
                if spare == nil { spare = try? Spare(program: installed.program) }
            } else if let connection = listener.accept(poll) {
                letIn(connection)
            }
        }
        return .replaced
    }

    /// Hands a connection to a `serve`; who is not let in sees it closed, and goes by `sudo`.
    private mutating func letIn(_ connection: consuming OwnedDescriptor) {
        guard let peer = try? UnixSocket.peer(of: connection.raw), [0, visitor].contains(peer) else { return }
        // Never one of a build that was replaced: the host has just put another there, and expects it.
        let last = installed.isReplaced ? nil : spare
        spare = nil
        guard let ready = try? last ?? Spare(program: installed.program) else { return }
        _ = DescriptorPassing.send([connection.raw], over: ready.door.raw)
    }
}

/// A `serve` that waits for a connection.
private struct Spare {
    /// Where it gets one; it ends with the other end.
    let door: SharedDescriptor

    init(program: String) throws(Refusal) {
        let stream = try Streams.bothWays()
        let null = try Streams.null()
        let child = try Child(
            role: AdmittedCommand.word,
            input: null.raw,
            output: null.raw,
            errors: .standardError,
            report: stream.theirs.raw,
            program: program
        )
        _ = consume child
        door = SharedDescriptor(stream.ours)
    }
}
