internal import CLinux
internal import Glibc

/// Services of the VM, by their sockets and by the programs that talk to them.
extension AttackList {
    static let services = AttackSubject(
        name: "services",
        attacks: [
            Attack(
                "an abstract socket outside",
                gain: "services that trust whoever connects, such as some D-Buses",
                held: ["ECONNREFUSED": .network, "EPERM": .landlock]
            ) { ground in connects(ground.abstractName) },
            Attack("a socket file outside", gain: "services that trust whoever connects") { ground in
                connects(ground.socket)
            },
            socket("/run/dbus/system_bus_socket", gain: "the VM's services"),
            socket("/run/systemd/private", control: .root, gain: "systemd, as root has it"),
            socket("/run/systemd/journal/stdout", gain: "false records"),
            socket("/run/docker.sock", control: .root, gain: "root in the VM"),
            socket("/run/podman/podman.sock", control: .root, gain: "root in the VM"),
            socket("/run/lima-guestagent.sock", control: .root, gain: "ports on the host"),
            Attack(
                "dvm's own socket",
                gain: "sessions of other tools",
                control: .leftOut("would start a launcher")
            ) { _ in connects(AgentSocket.path.string) },
            socket(DoorSocket.path.string, control: .root, gain: "root in the VM"),
            Attack("the developer's bus", gain: "programs, started as the developer", control: .root) { ground in
                connects("/run/user/\(ground.developer)/bus")
            },
            command("systemd-run --user", ["systemd-run", "--user", "--wait", "true"], gain: "a program outside"),
            command("systemctl --user", ["systemctl", "--user", "list-units"], gain: "programs outside"),
            command("loginctl enable-linger", ["loginctl", "enable-linger"], gain: "programs outside, at every start"),
            command("crontab", ["crontab", "/dev/null"], gain: "a program outside, every minute"),
            command("at", ["at", "-f", "/dev/null", "now", "+", "1", "minute"], gain: "a program outside, later"),
        ]
    )

    private static func connects(_ name: String) -> AttackAnswer { .of { unsafe dvm_attack_connect_unix(name) } }

    private static func socket(_ path: String, control: Attack.Control = .agent, gain: String) -> Attack {
        Attack("connect to \(path)", gain: gain, control: control) { _ in connects(path) }
    }

    private static func command(_ name: String, _ words: [String], gain: String) -> Attack {
        Attack(
            name,
            gain: gain,
            held: ["status 1": .view],
            control: .leftOut("where it works, it leaves something in the VM")
        ) { _ in .program(words) }
    }
}
