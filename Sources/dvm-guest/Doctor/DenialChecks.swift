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
            return [check(try places.reach(of: agent, home: developer), isNamed: places.isNamed)]
        } catch {
            return [Diagnosis.failed(name, error)]
        }
    }

    /// What the answers for the places mean.
    ///
    /// One that is open in the home is behind the closed home still; programs make such files at any time. Only what the
    /// configuration names is a promise of its own.
    static func check(_ reach: [String: Reach], isNamed: (String) -> Bool = { _ in false }) -> DoctorReport.Check {
        func places(_ answer: Reach) -> [String] { reach.filter { $0.value == answer }.keys.sorted() }
        let (open, links) = (places(.open), places(.link))
        guard !open.isEmpty || !links.isEmpty else {
            return DoctorReport.Check(name, .pass, "\(places(.closed).count) places are closed each for itself")
        }
        var found: [String] = []
        if !open.isEmpty {
            let isBehindHome = open.allSatisfy { !$0.hasPrefix("/") }
            let wall = isBehindHome ? " but for the closed home" : ""
            found.append("open to the agent's account\(wall): \(open.joined(separator: ", "))")
        }
        if !links.isEmpty {
            let list = links.joined(separator: ", ")
            found.append("symbolic links, so only the closed home protects what they lead to: \(list)")
        }
        return DoctorReport.Check(
            name,
            (open + links).contains { $0.hasPrefix("/") || isNamed($0) } ? .fail : .warn,
            found.joined(separator: "; "),
            remedy: open.isEmpty
                ? "name the files they lead to in DVM_AI_DENY"
                : "run `dvm sync` for this VM on the host, which closes them or says why it cannot"
        )
    }
}
