internal import CLinux
internal import DVMProtocol
internal import Glibc

/// The two ends of a pipe, a socket pair or a terminal, both close-on-exec.
struct StreamPair: ~Copyable {
    /// What this process keeps.
    let ours: OwnedDescriptor
    /// What a child is given.
    let theirs: OwnedDescriptor
}

enum Streams {
    /// A pipe from a child to us; our end does not wait.
    static func fromChild() throws(Refusal) -> StreamPair {
        let (reader, writer) = try pipe()
        try neverWait(on: reader)
        return StreamPair(ours: OwnedDescriptor(reader), theirs: OwnedDescriptor(writer))
    }

    /// A pipe from us to a child; our end does not wait.
    static func toChild() throws(Refusal) -> StreamPair {
        let (reader, writer) = try pipe()
        try neverWait(on: writer)
        return StreamPair(ours: OwnedDescriptor(writer), theirs: OwnedDescriptor(reader))
    }

    /// Lets a pipe hold a whole window: the processes at its ends then seldom wait for each other.
    ///
    /// Where the kernel does not let us, they wait.
    static func widen(_ pipe: FileDescriptor) { _ = dvm_widen_pipe(pipe.rawValue, Int32(Credit.pipeWindow)) }

    /// A stream in both directions; our end does not wait.
    static func bothWays() throws(Refusal) -> StreamPair {
        var ends: [Int32] = [-1, -1]
        try call("making a socket pair") { unsafe dvm_unix_socket_pair(&ends) }
        let ours = FileDescriptor(rawValue: ends[0])
        try neverWait(on: ours)
        return StreamPair(ours: OwnedDescriptor(ours), theirs: OwnedDescriptor(FileDescriptor(rawValue: ends[1])))
    }

    /// A terminal of a size: our end is the master and does not wait, theirs the slave, owned by whoever works on it.
    static func terminal(_ size: TerminalSize, owner: UInt32) throws(Refusal) -> StreamPair {
        let master = OwnedDescriptor(FileDescriptor(rawValue: try call("making a terminal") { dvm_pty_master() }))
        let slave = OwnedDescriptor(
            FileDescriptor(rawValue: try call("opening the terminal") { dvm_pty_slave(master.raw.rawValue) })
        )
        try resize(slave.raw, to: size)
        // As grantpt(3) would: readable and writable by its user, and by nobody else (no `write` and `wall`).
        try call("giving the terminal to its user") { fchown(slave.raw.rawValue, owner, gid_t.max) }
        try call("closing the terminal to others") { fchmod(slave.raw.rawValue, 0o600) }
        try neverWait(on: master.raw)
        return StreamPair(ours: master, theirs: slave)
    }

    /// Tells a terminal its new size; whoever works on it gets SIGWINCH.
    static func resize(_ terminal: FileDescriptor, to size: TerminalSize) throws(Refusal) {
        try call("resizing the terminal") {
            dvm_set_window_size(terminal.rawValue, size.rows, size.columns, size.width, size.height)
        }
    }

    /// Nothing to read, and room for everything that is written.
    static func null() throws(Refusal) -> OwnedDescriptor {
        let null = try call("opening /dev/null") { unsafe open("/dev/null", O_RDWR | O_CLOEXEC) }
        return OwnedDescriptor(FileDescriptor(rawValue: null))
    }

    /// Another descriptor of the same stream.
    static func duplicate(_ descriptor: FileDescriptor) throws(Refusal) -> OwnedDescriptor {
        let copy = try call("duplicating a descriptor") { fcntl(descriptor.rawValue, F_DUPFD_CLOEXEC, 3) }
        return OwnedDescriptor(FileDescriptor(rawValue: copy))
    }

    private static func pipe() throws(Refusal) -> (reader: FileDescriptor, writer: FileDescriptor) {
        var ends: [Int32] = [-1, -1]
        try call("making a pipe") { unsafe dvm_pipe(&ends) }
        return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
    }

    /// Only for descriptions that nobody shares with us.
    private static func neverWait(on descriptor: FileDescriptor) throws(Refusal) {
        let flags = try call("looking at a stream") { fcntl(descriptor.rawValue, F_GETFL) }
        try call("changing a stream") { fcntl(descriptor.rawValue, F_SETFL, flags | O_NONBLOCK) }
    }
}

/// What came of reading from a stream that does not wait.
enum Reading {
    case bytes(ArraySlice<UInt8>)
    /// Nothing now.
    case nothing
    /// Nothing any more.
    case end

    /// Reads what is there, at most as much as the buffer holds or `limit` allows.
    ///
    /// A terminal whose other side is gone answers EIO, which is its end of file.
    static func from(_ descriptor: FileDescriptor, into buffer: inout [UInt8], limit: Int = .max) -> Self {
        while true {
            let size = min(buffer.count, limit)
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor.rawValue, $0.baseAddress, size) }
            if count > 0 { return .bytes(buffer[..<count]) }
            if count == 0 { return .end }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .nothing
            default: return .end
            }
        }
    }
}
