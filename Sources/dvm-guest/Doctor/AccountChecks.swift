internal import DVMProtocol

/// What the accounts must be, and must not have become.
struct AccountChecks {
    let settings: Settings
    let accounts: Accounts

    func checks() -> [DoctorReport.Check] { developer + agent }

    private var developer: [DoctorReport.Check] {
        guard let account = accounts[settings.user] else {
            return [Diagnosis.failed("user", Refusal("the user “\(settings.user)” is gone from the VM"))]
        }
        let home = Status.of(FilePath(account.home))
        let isClosed = home.map { $0.uid == account.uid && $0.mode & 0o007 == 0 } ?? false
        return [
            user(account),
            DoctorReport.Check(
                "home of \(account.name)",
                isClosed ? .pass : .fail,
                isClosed ? "closed to others" : "open to other accounts",
                remedy: isClosed ? nil : "run `chmod o-rwx \(account.home)` in the VM"
            ),
            agentEntry(account),
        ]
    }

    private func user(_ account: Accounts.Account) -> DoctorReport.Check {
        let name = "user \(account.name)"
        guard account.uid >= Developer.firstPersonalUid else {
            return DoctorReport.Check(
                name,
                .warn,
                "is a system account (uid \(account.uid))",
                remedy: "choose another DVM_USER, and run `dvm sync` for this VM on the host"
            )
        }
        let groups = accounts.groupNames(of: account).filter(AgentAccount.powerfulGroups.contains)
        guard groups.isEmpty else {
            return DoctorReport.Check(
                name,
                .warn,
                "is in \(groups.joined(separator: ", ")), which leads to root",
                remedy: "take it out with `gpasswd -d \(account.name) GROUP` unless you want that"
            )
        }
        return DoctorReport.Check(name, .pass, "an ordinary account")
    }

    private func agentEntry(_ account: Accounts.Account) -> DoctorReport.Check {
        do throws(Refusal) {
            guard let agent = accounts[AgentAccount.name] else {
                throw Refusal("there is no account \(AgentAccount.name)")
            }
            let home = try Directories.openOwned(FilePath(account.home), by: account.uid)
            let list = try AccessList.read(home.raw, account.home)
            let sync = "run `dvm sync` for this VM on the host"
            if list.shutsOut(agent.uid) {
                return DoctorReport.Check("home and agent", .pass, "the agent is shut out by name")
            }
            // A `chmod` of the owner's can empty the mask. As long as others may nothing, that changes nothing.
            let isClosed = list.entries[.user(agent.uid)] == 0 && list.entries[.others] == 0
            return DoctorReport.Check(
                "home and agent",
                isClosed ? .warn : .fail,
                isClosed
                    ? "the entry that shuts the agent out is without effect; the home is closed to all others as well"
                    : "the entry that shuts the agent out is missing, or without effect",
                remedy: sync
            )
        } catch {
            return Diagnosis.failed("home and agent", error)
        }
    }

    private var agent: [DoctorReport.Check] {
        guard let account = accounts[AgentAccount.name] else {
            return [Diagnosis.failed("agent account", Refusal("the account \(AgentAccount.name) is gone from the VM"))]
        }
        let groups = accounts.groupNames(of: account).filter { $0 != account.name }
        let hasLogin = !account.shell.hasSuffix("/nologin") && !account.shell.hasSuffix("/false")
        let password =
            (try? TextFile.read("/etc/shadow")).map { Self.passwordIsLocked(of: account.name, in: $0) } ?? false
        let sharing = accounts.names(withUid: account.uid).filter { $0 != account.name }
        let findings = [
            account.uid == 0 ? "is root" : nil,
            sharing.isEmpty ? nil : "shares its uid with \(sharing.joined(separator: ", "))",
            groups.isEmpty ? nil : "is in the groups \(groups.joined(separator: ", "))",
            hasLogin ? "has the login shell \(account.shell)" : nil,
            password ? nil : "has a password, or it cannot be seen that it has none",
        ].compactMap(\.self)
        return [
            DoctorReport.Check(
                "agent account",
                findings.isEmpty ? .pass : .fail,
                findings.isEmpty ? "no login, no password, no groups" : findings.joined(separator: ", "),
                remedy: findings.isEmpty ? nil : "somebody changed it as root; make the VM anew, or undo the change"
            ),
            doors(account),
        ]
    }

    private func doors(_ account: Accounts.Account) -> DoctorReport.Check {
        do throws(Refusal) {
            let findings = try AgentDoors(agent: account).findings()
            return DoctorReport.Check(
                "agent's doors",
                findings.isEmpty ? .pass : .fail,
                findings.isEmpty
                    ? "no sudo, no keys, no jobs, no subordinate ids" : findings.joined(separator: ", "),
                remedy: findings.isEmpty ? nil : "undo it in the VM as root; `dvm sync` puts back what dvm had written"
            )
        } catch {
            return Diagnosis.failed("agent's doors", error)
        }
    }

    /// Whether shadow(5) has no password for an account that anyone could type.
    static func passwordIsLocked(of name: String, in shadow: String) -> Bool {
        for line in shadow.parts(between: "\n") {
            let fields = line.parts(between: ":")
            if fields.count > 1, fields[0] == name { return fields[1].hasPrefix("!") || fields[1].hasPrefix("*") }
        }
        return false
    }
}
