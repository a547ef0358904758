internal import DVMProtocol

extension Activity {
    /// What works in this VM at the moment.
    ///
    /// - Parameter services: units that count where they are active.
    /// - Returns: what there is.
    /// - Throws: a `Refusal` when that cannot be found out; that is not the same as nothing.
    static func look(services: [String]) throws(Refusal) -> Self {
        let settings = try Settings.read()
        guard let developer = try Accounts.read()[settings.user] else {
            throw Refusal("the user “\(settings.user)” is gone from the VM")
        }
        var active: [String] = []
        for service in services where try Run.status(of: ["systemctl", "is-active", "-q", service]) == .exited(0) {
            active.append(service)
        }
        return Self(
            sessions: SessionDirectory.running().count,
            programs: programs(RunningProcess.all(), of: developer.uid),
            services: active
        )
    }

    /// The names of a user's programs that do something for somebody.
    ///
    /// Everything counts but what is there whether or not anybody works: a program that is not known may be a server that
    /// somebody waits for.
    static func programs(_ processes: [RunningProcess], of uid: UInt32) -> [String] {
        let names = processes.filter { $0.uid == uid }.compactMap { process in
            process.arguments.first?.split(separator: "/").last.flatMap { $0.split(separator: " ").first }
        }
        let known = Set(names.map { String($0.prefix(40)) }).subtracting(background)
        return Array(known.sorted().prefix(5))
    }

    /// What a user manager starts by itself, agents of keys, and what rootless podman leaves without a container.
    private static let background: Set<String> = [
        "systemd", "(sd-pam)", "dbus-daemon", "dbus-broker", "dbus-broker-launch", "gpg-agent", "dirmngr", "scdaemon",
        "keyboxd", "ssh-agent", "pipewire", "pipewire-pulse", "wireplumber", "catatonit",
    ]
}
