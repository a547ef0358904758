internal import DVMProtocol

/// Who listens in this VM, and in the networks of its sessions.
enum PortTask {
    static func list() throws(Refusal) -> [ListeningPort] {
        let accounts = try Accounts.read()
        let processes = ProcessSockets.all()
        var owners: [UInt64: ProcessSockets] = [:]
        for process in processes { for inode in process.inodes where owners[inode] == nil { owners[inode] = process } }

        // A session's network is looked at through any process in it.
        let own = ProcessSockets.ownNetwork
        var networks: [String: ProcessSockets] = [:]
        for process in processes where process.session != nil {
            guard let network = process.network, network != own, networks[network] == nil else { continue }
            networks[network] = process
        }
        let places =
            [(place: "/proc/net", session: SessionID?.none)]
            + networks.values.map { ("/proc/\($0.pid)/net", $0.session) }
        var found: [ListeningPort] = []
        for (place, session) in places {
            for table in ["tcp", "tcp6"] {
                // A process may have ended, and a kernel have no IPv6.
                guard let text = try? KernelFile("\(place)/\(table)").read() else { continue }
                found += ListeningSocket.read(text).map { socket in
                    ListeningPort(
                        address: socket.end.address.description,
                        port: socket.end.port,
                        uid: socket.uid,
                        user: accounts.names(withUid: socket.uid).first,
                        program: owners[socket.inode]?.name,
                        session: session
                    )
                }
            }
        }
        return Array(inOrder(found).prefix(ListeningPort.most))
    }

    /// By port, the VM's own before those of sessions; each once.
    static func inOrder(_ ports: [ListeningPort]) -> [ListeningPort] {
        Set(ports).sorted {
            ($0.port, $0.session?.text ?? "", $0.address, $0.program ?? "")
                < ($1.port, $1.session?.text ?? "", $1.address, $1.program ?? "")
        }
    }
}
