internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest session`: the process that watches over one session of an agent, from before its start to after its end.
struct SessionCommand: ParsableCommand {
    /// What `serve` starts it by.
    static let word = "session"

    static let configuration = CommandConfiguration(
        commandName: word,
        abstract: "Watch over a session of an agent",
        discussion: "Started by dvm-guest serve with the order on descriptor 3; not of use by hand.",
        shouldDisplay: false
    )

    func run() throws {
        // A reader that is gone is seen where the write fails.
        signal(SIGPIPE, SIG_IGN)
        // What is made here is root's.
        umask(0o077)
        let report = ReportStream.inherited.descriptor
        guard fcntl(report.rawValue, F_SETFD, FD_CLOEXEC) == 0 else { throw ReportStream.notForPeople }
        let client = SessionClient(OwnedDescriptor(report))
        do throws(Refusal) {
            let order = try Self.order(from: client)
            let supervisor = try Supervisor(order, client)
            supervisor.run()
        } catch {
            if let frame = try? Frame(.refused, channel: Relay.channel, json: error) { client.send(frame) }
            client.flush()
            Glibc.exit(1)
        }
    }

    /// The order: the value in the first frame.
    ///
    /// What follows it stays with the client.
    private static func order(from client: SessionClient) throws(Refusal) -> SessionOrder {
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        while !client.isGone {
            if let frame = client.next() {
                guard frame.kind == .open, let order = try? frame.json(SessionOrder.self) else { break }
                return order
            }
            client.read(into: &buffer)
        }
        throw ReportStream.notForPeople
    }
}
