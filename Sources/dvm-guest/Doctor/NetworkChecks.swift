internal import DVMProtocol

/// What a session reaches, tried from inside one.
enum NetworkChecks {
    static func check(_ spawn: Spawn, _ policy: AgentPolicy) -> DoctorReport.Check {
        let name = "sandbox: network"
        do throws(Refusal) {
            return judge(try reached(from: spawn, policy), policy.network)
        } catch {
            return Diagnosis.failed(name, error)
        }
    }

    /// The report: what must not be reached whatever the policy, and what follows from it.
    static func judge(_ reached: [String], _ policy: NetworkPolicy) -> DoctorReport.Check {
        let uplink =
            switch policy.uplink {
            case .open: "the internet"
            case .allow: "named hosts through a proxy"
            case .none: "no network"
            }
        return DoctorReport.Check(
            "sandbox: network",
            reached.isEmpty ? .pass : .fail,
            reached.isEmpty
                ? "\(uplink), and nothing of the VM and its surroundings"
                : "reaches \(reached.joined(separator: ", "))",
            meaning: reached.isEmpty ? nil : "services that trust whoever reaches them answer to agents",
            remedy: reached.isEmpty ? nil : "run `dvm sync` for this VM on the host, then `dvm selftest`"
        )
    }

    /// The attacks on networks that work.
    private static func reached(from spawn: Spawn, _ policy: AgentPolicy) throws(Refusal) -> [String] {
        let directory = "/run/dvm/doctor-\(SessionID.new().text)"
        _ = try Directories.make(FilePath(directory), mode: .ownerReadWriteExecute)
        defer { AttackListeners.remove(directory) }
        let listeners = try AttackListeners(directory: directory, abstractName: "@\(directory)")
        let ground = AttackGround(
            marker: "doctor",
            project: View.workspace,
            home: "/",
            directory: directory,
            developerHome: "/",
            developer: 0,
            victim: 0,
            terminal: "/dev/null",
            port: listeners.port,
            addresses: listeners.addresses,
            gateways: AttackListeners.gateways(),
            memoryKey: 0
        )
        let probe = spawn.running([
            View.program, "attack", "--subject", AttackList.network.name,
            String(decoding: try JSON.encode(ground), as: UTF8.self),
        ])
        let (exit, output) = try SupervisedRun.run(probe)
        guard exit == .exited(0), let answers = try? JSON.decode([String: AttackAnswer].self, from: output) else {
            throw Refusal("the probe of the network ended with status \(exit.status)")
        }
        return AttackList.network.attacks.filter { attack in
            answers[attack.name]?.worked != false && attack.permitted(policy) == nil
        }.map(\.name)
    }
}
