internal import DVMProtocol

extension AgentAccount {
    /// Groups that give more than their name says: most lead to root, the others to everybody's messages.
    static let powerfulGroups: Set<String> = [
        "root", "sudo", "wheel", "admin", "adm", "docker", "podman", "lxd", "incus", "incus-admin", "libvirt",
        "libvirt-qemu", "kvm", "disk", "shadow", "systemd-journal", "ssl-cert", "input", "tty",
    ]

    /// The account of this VM.
    ///
    /// - Throws: a `Refusal` when there is none.
    static func account() throws(Refusal) -> Accounts.Account {
        guard let agent = try Accounts.read()[name] else {
            throw Refusal("the account \(name) is missing in the VM", hint: "run `dvm sync` for this VM on the host")
        }
        return agent
    }

    /// Refuses an account that is more than an agent may be.
    ///
    /// Groups are dropped before its sandbox is entered. But an account that was given one of these was given it on
    /// purpose, and whatever runs as it outside has the VM.
    ///
    /// - Throws: a `Refusal` that says what it has become.
    static func check(_ agent: Accounts.Account, developer: Accounts.Account, in accounts: Accounts) throws(Refusal) {
        func refuse(_ why: String, _ hint: String) -> Refusal {
            Refusal("the account \(agent.name) in the VM \(why), so no agent is started as it", hint: hint)
        }
        let anew = "undo what was done to it, or remove it with `userdel \(agent.name)` and run `dvm sync`"
        guard agent.uid != 0, agent.gid != 0 else { throw refuse("is root's", anew) }
        guard agent.uid != developer.uid, agent.gid != developer.gid else {
            throw refuse("has the uid or group of \(developer.name)", anew)
        }
        let twins = accounts.names(withUid: agent.uid).filter { $0 != agent.name }
        guard twins.isEmpty else { throw refuse("shares its uid with \(twins.joined(separator: ", "))", anew) }
        let groups = accounts.groupNames(of: agent).filter(powerfulGroups.contains)
        guard groups.isEmpty else {
            throw refuse(
                "is in \(groups.joined(separator: ", ")), which leads out of every sandbox",
                "take it out in the VM with `gpasswd -d \(agent.name) GROUP`"
            )
        }
    }
}
