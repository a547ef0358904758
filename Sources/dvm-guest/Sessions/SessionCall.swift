internal import DVMProtocol

/// Reaching the supervisor of a session that runs; root's only, as its directory is.
enum SessionCall {
    /// A connection to a session's supervisor.
    ///
    /// - Throws: a `Refusal` when there is no such session.
    static func connect(to session: SessionID) throws(Refusal) -> OwnedDescriptor {
        var failure: Errno?
        let socket = try UnixSocket.connect(to: SessionDirectory.socket(of: session), failure: &failure)
        guard failure == nil else {
            throw Refusal("no session \(session) runs in this VM", hint: "`dvm sessions` lists those that do")
        }
        return socket
    }
}
