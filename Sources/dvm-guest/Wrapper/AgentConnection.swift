internal import DVMProtocol

/// A connection to the launcher of this VM.
enum AgentConnection {
    /// Connects to the agents' socket.
    ///
    /// - Throws: a `Refusal` that says who may, or what is missing.
    static func open() throws(Refusal) -> OwnedDescriptor {
        var failure: Errno?
        let connection = try UnixSocket.connect(to: AgentSocket.path, failure: &failure)
        switch failure {
        case nil:
            return connection
        case .permissionDenied:
            throw Refusal(
                "only the VM's user may start AI tools here",
                hint: "use `dvm sh` or `dvm ai` on the host"
            )
        case .noSuchFileOrDirectory, .connectionRefused:
            throw Refusal("dvm's launcher does not run in this VM", hint: "run `dvm sync` for it on the host")
        case let error?:
            throw Refusal("\(AgentSocket.path): \(error)")
        }
    }
}
