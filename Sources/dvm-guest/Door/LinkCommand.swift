internal import DVMProtocol
internal import Glibc

/// `dvm-guest link`: what the host's login runs.
///
/// It hands its streams to a `serve` behind the door and waits for its end; where there is no door (yet), it becomes
/// `sudo dvm-guest serve`. Not a `ParsableCommand`: looking through the words of all the others takes longer than its work.
enum LinkCommand {
    static let word = "link"

    /// Does not come back.
    static func run(door: FilePath = DoorSocket.path) -> Never {
        signal(SIGPIPE, SIG_IGN)
        if let connection = visit(door) {
            // From here on the streams are the other's: an end of file must be one.
            closeStreams()
            var code: [UInt8] = [255]
            if case .bytes(let bytes) = Reading.from(connection.raw, into: &code) { Glibc.exit(Int32(bytes[0])) }
            // It was killed; what is left of its words has been read by the host already.
            Glibc.exit(255)
        }
        do throws(Refusal) {
            try Replacement.become("/usr/bin/sudo", ["sudo", "-n", Wrappers.program, "serve"])
        } catch {
            Message.error(error)
            Glibc.exit(1)
        }
    }

    /// A connection over which our streams were taken; nothing when nobody took them, and they are still ours alone.
    private static func visit(_ door: FilePath) -> OwnedDescriptor? {
        var failure: Errno?
        guard let connection = try? UnixSocket.connect(to: door, failure: &failure), failure == nil,
            DescriptorPassing.send([.standardInput, .standardOutput, .standardError], over: connection.raw)
        else { return nil }
        var answer: [UInt8] = [0]
        guard case .bytes(let bytes) = Reading.from(connection.raw, into: &answer), bytes.first == Admission.taken
        else {
            return nil
        }
        return connection
    }

    private static func closeStreams() {
        guard let null = try? Streams.null() else { return }
        for stream in Int32(0)...2 { dup2(null.raw.rawValue, stream) }
    }
}
