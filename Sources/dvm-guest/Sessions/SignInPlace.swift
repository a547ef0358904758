internal import DVMProtocol
internal import Glibc

/// Where a session waits for a browser: what its supervisor tells root, and nobody else.
struct SignInPlace: Hashable, Codable {
    /// The supervisor, which is in the session's network.
    var pid: Int32
    /// That network's number, by which it is known to be the right one.
    var network: UInt64
    /// What is waited for.
    var callback: Tool.SignIn.Callback

    /// The place of this process's session.
    ///
    /// - Throws: a `Refusal` when it is none that waits for a browser.
    init(of order: SessionOrder) throws(Refusal) {
        let agent = try order.agent()
        guard let callback = order.callback, let network = agent.network else {
            throw Refusal(
                "the session \(agent.session) is no sign-in that waits for a browser",
                hint: "`dvm ai login` on the host starts one"
            )
        }
        pid = getpid()
        self.network = network
        self.callback = callback
    }
}
