internal import DVMProtocol

/// The socket through which the developer's wrappers reach the launcher: no sudoers line, nothing in arguments.
///
/// systemd starts a `serve` per connection, each in a cgroup of its own that goes when the session ends.
enum AgentSocket {
    static let path: FilePath = "/run/dvm/agent.sock"

    private static let units: FilePath = "/etc/systemd/system"

    static func install(for developer: Accounts.Account) throws(Refusal) -> Bool {
        let mode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
        let socket = try TextFile.write(
            socketUnit(owner: developer.name),
            to: units.appending("dvm-agent.socket"),
            mode: mode
        )
        let service = try TextFile.write(serviceUnit, to: units.appending("dvm-agent@.service"), mode: mode)
        let changed = socket || service
        if changed { try Run.program(["systemctl", "daemon-reload"]) }
        let active = try Run.status(of: ["systemctl", "is-active", "-q", "dvm-agent.socket"]) == .exited(0)
        if changed || !active {
            try Run.program(["systemctl", "enable", "-q", "dvm-agent.socket"])
            try Run.program(["systemctl", "restart", "dvm-agent.socket"])
        }
        return changed || !active
    }

    static func socketUnit(owner: String) -> String {
        """
        [Unit]
        Description=Sessions of AI tools in dvm's sandbox

        [Socket]
        ListenStream=\(path)
        SocketUser=\(owner)
        SocketMode=0600
        DirectoryMode=0755
        Accept=yes
        MaxConnections=64

        [Install]
        WantedBy=sockets.target

        """
    }

    static var serviceUnit: String {
        """
        [Unit]
        Description=A session of an AI tool in dvm's sandbox
        CollectMode=inactive-or-failed

        [Service]
        ExecStart=\(Wrappers.program) serve --agent-sessions
        StandardInput=socket
        StandardOutput=socket
        StandardError=journal
        KillMode=control-group
        TimeoutStopSec=2

        """
    }
}
