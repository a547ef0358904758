internal import DVMProtocol

/// The socket through which the developer's wrappers reach the launcher: no sudoers line, nothing in arguments.
///
/// systemd starts a `serve` per connection, each in a cgroup of its own that goes when the session ends.
enum AgentSocket {
    static let path: FilePath = "/run/dvm/agent.sock"

    static let unit = "dvm-agent.socket"
    private static let units: FilePath = "/etc/systemd/system"

    /// Has systemd listen, whether or not it does already.
    static func install(for developer: Accounts.Account, isActive: Bool) throws(Refusal) -> Bool {
        let mode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
        let socket = try TextFile.write(
            socketUnit(owner: developer.name),
            to: units.appending(unit),
            mode: mode
        )
        let service = try TextFile.write(serviceUnit, to: units.appending("dvm-agent@.service"), mode: mode)
        let changed = socket || service
        if changed { try Run.program(["systemctl", "daemon-reload"]) }
        if changed || !isActive {
            try Run.program(["systemctl", "enable", "-q", unit])
            try Run.program(["systemctl", "restart", unit])
        }
        return changed || !isActive
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
