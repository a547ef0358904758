internal import DVMProtocol

/// Whether the places with secrets are closed to the agent's account, each for itself, tried as that account.
enum DenialChecks {
    private static let name = "secrets and agent"

    static func checks(_ settings: Settings, _ accounts: Accounts) -> [DoctorReport.Check] {
        do throws(Refusal) {
            guard let developer = accounts[settings.user], let agent = accounts[AgentAccount.name] else {
                throw Refusal("an account is missing")
            }
            let places = try DeniedPlaces(
                settings.agents.denied,
                home: developer.home,
                project: settings.codeDirectory
            )
            return [check(try places.reach(of: agent, home: developer))]
        } catch {
            return [Diagnosis.failed(name, error)]
        }
    }

    /// What the answers for the places mean.
    ///
    /// One that is open in the home is behind the closed home still; programs make such files at any time.
    static func check(_ reach: [String: Reach]) -> DoctorReport.Check {
        func places(_ answer: Reach) -> [String] { reach.filter { $0.value == answer }.keys.sorted() }
        let open = places(.open)
        guard open.isEmpty else {
            let isBehindHome = open.allSatisfy { !$0.hasPrefix("/") }
            return DoctorReport.Check(
                name,
                isBehindHome ? .warn : .fail,
                "open to the agent's account\(isBehindHome ? " but for the closed home" : ""): "
                    + open.joined(separator: ", "),
                remedy: "run `dvm sync` for this VM on the host, which closes them"
            )
        }
        let links = places(.link)
        guard links.isEmpty else {
            return DoctorReport.Check(
                name,
                .warn,
                "symbolic links, so only the closed home protects what they lead to: \(links.joined(separator: ", "))",
                remedy: "name the files they lead to in DVM_AI_DENY"
            )
        }
        return DoctorReport.Check(name, .pass, "\(places(.closed).count) places are closed each for itself")
    }
}
