internal import DVMProtocol
internal import Glibc

/// Things of the agent's that should not be there: processes outside a sandbox, setuid files, Lima's guest agent.
enum StrayChecks {
    static func checks(_ settings: Settings, _ accounts: Accounts) -> [DoctorReport.Check] {
        let processes = RunningProcess.all()
        var checks = [limaAgent(processes)]
        if let agent = accounts[AgentAccount.name] {
            let own = RunningProcess.ownNamespace
            checks.append(strays(processes.filter { $0.uid == agent.uid && $0.namespace == own }))
            if let developer = accounts[settings.user] {
                checks.append(marked([(developer, settings.codeDirectory), (agent, AgentAccount.homes)]))
            }
        }
        return checks
    }

    /// Processes of the agent's account in the VM's own process namespace: those that lead to a sandbox may be there.
    ///
    /// Known by the file they run: what a process calls itself is its own choice.
    static func strays(
        _ processes: [RunningProcess],
        own: String? = RunningProcess.ownProgram
    ) -> DoctorReport.Check {
        // A session goes on when the program was replaced by another build.
        let leading = [Bubblewrap.path, Wrappers.program, own].compactMap(\.self).flatMap { [$0, $0 + " (deleted)"] }
        let strays = processes.filter { process in
            // One that ends at this moment runs nothing any more.
            process.program.map { !leading.contains($0) } ?? !process.arguments.isEmpty
        }
        let names = strays.prefix(5).map { "\($0.program ?? $0.arguments.first ?? "?") (\($0.pid))" }
        return DoctorReport.Check(
            "agent's processes",
            strays.isEmpty ? .pass : .fail,
            strays.isEmpty
                ? "none outside a sandbox" : "outside a sandbox: \(names.joined(separator: ", ").printable)",
            meaning: strays.isEmpty ? nil : "somebody started them there as root, or something got out of a sandbox",
            remedy: strays.isEmpty
                ? nil : "find out what they are, then end them: `pkill -KILL -u \(AgentAccount.name)` as root"
        )
    }

    /// Lima's guest agent, which dvm's VMs do without.
    static func limaAgent(_ processes: [RunningProcess]) -> DoctorReport.Check {
        let runs = processes.contains { process in
            // By its first word and not by a text somewhere: a person may look for it with grep.
            process.uid == 0 && process.arguments.first?.hasSuffix("/lima-guestagent") == true
        }
        return DoctorReport.Check(
            "Lima's guest agent",
            runs ? .fail : .pass,
            runs ? "runs as root" : "does not run",
            meaning: runs ? "programs of this VM can have ports opened on the host through it" : nil,
            remedy: runs
                ? "run `dvm doctor` for this VM on the host, which says how its Lima configuration differs" : nil
        )
    }

    /// Programs that give the rights of the agent's or the developer's account to whoever runs them.
    ///
    /// Each place is looked through as its owner, so that a link or a race leads nowhere.
    static func marked(_ places: [(account: Accounts.Account, place: String)]) -> DoctorReport.Check {
        let name = "setuid files"
        do throws(Refusal) {
            var found: [String] = []
            for (account, place) in places where Status.of(FilePath(place)) != nil {
                var spawn = SelfTest.plain(account.uid, account.gid)
                // The first ones: an agent makes as many as it likes, with names as long as it likes.
                let script = #"find "$1" -xdev -type f -perm /6000 -printf '%p\n' | head -n 6 | head -c 65536"#
                spawn.words = ["/bin/sh", "-c", script, "sh", place]
                let (_, output) = try Entering.run(spawn, within: .seconds(60))
                let paths = String(decoding: output, as: UTF8.self).split(separator: "\n")
                found += paths.prefix(5).map { String($0.prefix(1000)) }
                if paths.count > 5 { found.append("and more in \(place)") }
            }
            return DoctorReport.Check(
                name,
                found.isEmpty ? .pass : .warn,
                found.isEmpty ? "none in the project and the tools' homes" : found.joined(separator: ", ").printable,
                meaning: found.isEmpty ? nil : "whoever runs one has its owner's or group's rights",
                remedy: found.isEmpty ? nil : "take the rights away with `chmod ug-s` unless you put them there"
            )
        } catch {
            return Diagnosis.failed(name, error)
        }
    }
}
