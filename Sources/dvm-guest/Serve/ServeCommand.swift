internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest serve`: standard input and output become a link.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer a dvm over standard input and output",
        discussion: "Started by dvm on the host, and by systemd for the agents' socket; not of use by hand.",
        shouldDisplay: false
    )

    @Flag(help: "Start agent sessions only, for the account people work as")
    var agentSessions = false

    func run() throws {
        // A reader that is gone is seen where the write fails.
        signal(SIGPIPE, SIG_IGN)
        if agentSessions { try checkPeer() }
        var server = Server(try LinkStreams.takeOver(), rights: agentSessions ? .agentSessions : .host)
        try server.run()
    }

    /// The socket's mode already says who may connect; this says it again, by the kernel's word.
    private func checkPeer() throws(Refusal) {
        let peer = try UnixSocket.peer(of: .standardInput)
        let settings = try Settings.read()
        guard let developer = try Accounts.read()[settings.user], developer.uid == peer else {
            throw Refusal("uid \(peer) may not start agent sessions, only \(settings.user) may")
        }
    }
}
