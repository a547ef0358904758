/// What `limactl list --json` says of a VM that is as dvm made it.
public enum ListedVM {
    /// What of its configuration dvm insists on.
    public static let safe = """
        "plain":true,"mounts":[],"ssh":{"localPort":0,"forwardAgent":false,"loadDotSSHPubKeys":false},\
        "containerd":{"system":false,"user":false},"user":{"name":"dvm","home":"/home/dvm"},\
        "propagateProxyEnv":false,"networks":[]
        """

    /// The line of one.
    public static func line(
        _ status: String = "Stopped",
        name: String = "dvm-app",
        cpus: Int = 4,
        memory: Int = 4,
        disk: Int = 60,
        ports: [Int] = [],
        config: String = safe
    ) -> String {
        let forwards = ports.map {
            """
            {"guestIP":"127.0.0.1","guestPortRange":[\($0),\($0)],"hostIP":"127.0.0.1","hostPortRange":[\($0),\($0)],\
            "proto":"tcp","static":true}
            """
        }
        return """
            {"name":"\(name)","hostname":"lima-\(name)","status":"\(status)","dir":"/lima/\(name)","vmType":"qemu",\
            "arch":"x86_64","cpus":\(cpus),"memory":\(memory << 30),"disk":\(disk << 30),"sshLocalPort":60022,\
            "config":{\(config),"portForwards":[\(forwards.joined(separator: ","))]},"limaVersion":"2.2.0"}

            """
    }
}
