internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest admitted`: a `serve` whose streams come from whoever the door lets in.
struct AdmittedCommand: ParsableCommand {
    /// What the door starts it by.
    static let word = "admitted"

    static let configuration = CommandConfiguration(
        commandName: word,
        abstract: "Answer whom the door lets in",
        discussion: "Started by dvm-guest door; not of use by hand.",
        shouldDisplay: false
    )

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let door = ReportStream.inherited.descriptor
        _ = fcntl(door.rawValue, F_SETFD, FD_CLOEXEC)
        // Both of us wait; a link that opens no program of the developer's lets it go unused.
        let ready = try ReadyEnter()
        // The door is gone, or has no more use for us.
        guard let visitor = DescriptorPassing.receive(over: door) else { return }
        try? door.close()
        // They have connected and may say nothing: only this process waits for them.
        guard DescriptorPassing.receiveStandardStreams(over: visitor.raw) else { return }
        _ = try? visitor.raw.writeAll([Admission.taken])
        let exit: UInt8
        do throws(Refusal) {
            var server = Server(try LinkStreams.takeOver(), rights: .host, ready: ready)
            try server.run()
            exit = 0
        } catch {
            Message.error(error)
            exit = 1
        }
        _ = try? visitor.raw.writeAll([exit])
    }
}

/// What is said on a connection to the door, a byte each: that the streams were taken over, and at the end the exit code.
enum Admission {
    static let taken = UInt8(ascii: "t")
}
