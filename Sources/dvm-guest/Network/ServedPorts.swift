internal import DVMProtocol

/// The declared ports of the VM that lead to a server of the session, as long as it has one.
///
/// Taken only then: at other times a port is free for the developer's own server.
final class ServedPorts {
    private let ports: [UInt16]
    private let tables: [KernelFile]
    private var next = ContinuousClock.now

    /// Ports to watch, and the kernel's tables of who listens in the session.
    init(_ ports: [UInt16], tables: [KernelFile]) {
        self.ports = ports
        self.tables = tables
    }

    /// Opens the ports that have a server now, and closes those that have none any more.
    func open(_ listeners: inout [GateListener], _ journal: GateJournal) {
        guard ContinuousClock.now >= next else { return }
        next = .now + .milliseconds(400)
        // What cannot be read leads nowhere: it is the developer who would be let in to a server that is not there.
        let live = tables.reduce(into: Set<UInt16>()) { $0.formUnion(ListeningPorts.read((try? $1.read()) ?? "")) }
        listeners.removeAll { if case .served(let port) = $0.purpose { !live.contains(port) } else { false } }
        for port in ports where live.contains(port) && !listeners.contains(where: { $0.purpose == .served(port) }) {
            do throws(Refusal) {
                listeners.append(GateListener(.served(port), try Sockets.listener(Endpoint(.loopback, port))))
            } catch {
                journal.notice("port \(port) of the VM did not lead to the session: \(error.message)")
            }
        }
    }
}
