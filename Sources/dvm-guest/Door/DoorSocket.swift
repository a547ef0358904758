internal import DVMProtocol

/// The socket by which the host's login reaches the guest program, as `sudo` would let it.
///
/// In an emulated VM `sudo -n true` takes 150 ms, and the whole of `dvm-guest link` 55 ms.
///
/// It belongs to the control account, which may become root anyway; nobody else may connect. systemd holds the socket and
/// starts the door at the first connection; the door ends itself when nobody has come for a while.
enum DoorSocket {
    static let path: FilePath = "/run/dvm/door.sock"

    static let unit = "dvm-door.socket"
    private static let units: FilePath = "/etc/systemd/system"

    /// Has systemd listen, whether or not it does already.
    static func install(isActive: Bool) throws(Refusal) -> Bool {
        let mode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
        let socket = try TextFile.write(socketUnit, to: units.appending(unit), mode: mode)
        let service = try TextFile.write(serviceUnit, to: units.appending("dvm-door.service"), mode: mode)
        let changed = socket || service
        if changed { try Run.program(["systemctl", "daemon-reload"]) }
        if socket || !isActive {
            // The door holds the socket it was started with; what it has let in goes on without it.
            _ = try Run.status(of: ["systemctl", "stop", "-q", "dvm-door.service"])
            try Run.program(["systemctl", "enable", "-q", unit])
            try Run.program(["systemctl", "restart", unit])
        }
        return changed || !isActive
    }

    static var socketUnit: String {
        """
        [Unit]
        Description=The door through which dvm on the host reaches this VM

        [Socket]
        ListenStream=\(path)
        SocketUser=\(ControlAccount.name)
        SocketMode=0600
        DirectoryMode=0755

        [Install]
        WantedBy=sockets.target

        """
    }

    /// What came through the door is not the door's: programs of the developer's are neither limited nor ended with it.
    static var serviceUnit: String {
        """
        [Unit]
        Description=The door through which dvm on the host reaches this VM

        [Service]
        ExecStart=\(Wrappers.program) door
        StandardInput=socket
        StandardOutput=null
        StandardError=journal
        KillMode=process
        TasksMax=infinity

        """
    }
}
