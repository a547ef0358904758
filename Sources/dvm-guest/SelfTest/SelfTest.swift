internal import DVMProtocol
internal import Glibc

/// Tries the attacks of the list on this VM: in a session like any tool's, and without the sandbox as controls.
///
/// To be run as root, who starts sessions. The session works on a scratch project with a scratch home: nothing of the
/// developer's is touched but for one file that is made in their home and removed again.
enum SelfTest {
    /// The report.
    ///
    /// - Throws: a `Refusal` when no session can be started, or what the attacks need cannot be made.
    static func run(_ progress: (String) -> Void) throws(Refusal) -> SelfTestReport {
        let settings = try Settings.read()
        let accounts = try Accounts.read()
        let plan = try ProgramPlan(Program(.tool(name: "shell", arguments: [])), settings: settings, accounts: accounts)
        guard case .agent(let agent) = plan.spawn.confinement, let developer = accounts[settings.user] else {
            throw Refusal("the settings of this VM describe no agent", hint: "run `dvm sync` for it on the host")
        }
        progress("a scratch project")
        let scratch = try AttackScratch.make(agent: agent, developer: developer)
        do throws(Refusal) {
            let report = try attack(from: scratch, settings, accounts, agent, developer, progress)
            scratch.remove()
            return report
        } catch {
            scratch.remove()
            throw error
        }
    }

    private static func attack(
        from scratch: borrowing AttackScratch,
        _ settings: Settings,
        _ accounts: Accounts,
        _ agent: Spawn.Agent,
        _ developer: Accounts.Account,
        _ progress: (String) -> Void
    ) throws(Refusal) -> SelfTestReport {
        var scratched = settings
        scratched.codeDirectory = scratch.project
        scratched.agents.recorded = false
        let (plans, home) = (scratched, scratch.home)
        let inside = scratch.ground(project: View.workspace, home: home)
        let outside = scratch.ground(project: scratch.controlProject, home: scratch.controlHome)
        /// A session on the scratch project, as any that is asked for.
        func inSession(_ asking: Attack.Asking?, _ options: [String]) throws(Refusal) -> [String: AttackAnswer] {
            let program = asking.map { $0.program(inside) } ?? Program(.tool(name: "shell", arguments: []))
            var session = try ProgramPlan(program, settings: plans, accounts: accounts).spawn
            guard case .agent(var confined) = session.confinement else { throw Refusal("a tool is no agent") }
            confined.home = home
            session.confinement = .agent(confined)
            return try answers(session, View.program, inside, options)
        }

        progress("\(AttackList.all.count) attacks in the sandbox")
        var attempts = try inSession(nil, [])
        for asking in Attack.Asking.allCases {
            attempts.merge(try inSession(asking, ["--asking", asking.rawValue])) { $1 }
        }
        progress("what is left for the next session")
        let later = try inSession(nil, ["--traces", Attack.Place.nextSession.rawValue])
        progress("what is left outside")
        var left = inside
        left.project = scratch.project
        let traces = try answers(
            plain(developer.uid, developer.gid),
            own,
            left,
            ["--traces", Attack.Place.outside.rawValue]
        )
        progress("the same without the sandbox")
        let asAgent = try answers(plain(agent.uid, agent.gid), own, outside, ["--control", "agent"])
        let asRoot = try AttackRunner(ground: outside, ownMounts: true).run(
            AttackList.all.filter { $0.control == .root }
        )

        let judge = AttackJudge(policy: agent.policy)
        return SelfTestReport(
            rows: AttackList.subjects.flatMap { subject in
                subject.attacks.map { attack in
                    judge.row(
                        attack,
                        in: subject,
                        AttackJudge.Findings(
                            attempt: attempts[attack.name],
                            trace: attack.trace?.place == .nextSession ? later[attack.name] : traces[attack.name],
                            control: asAgent[attack.name] ?? asRoot[attack.name]
                        )
                    )
                }
            }
        )
    }

    /// The program that runs, for whoever has become somebody else since.
    private static let own = "/proc/self/exe"

    private static func answers(
        _ spawn: Spawn,
        _ program: String,
        _ ground: AttackGround,
        _ options: [String] = []
    ) throws(Refusal) -> [String: AttackAnswer] {
        let text = String(decoding: try JSON.encode(ground), as: UTF8.self)
        let spawn = spawn.running([program, "attack"] + options + [text])
        let (exit, output) = try SupervisedRun.run(spawn)
        guard exit == .exited(0), let answers = try? JSON.decode([String: AttackAnswer].self, from: output) else {
            throw Refusal("the attacks ended with status \(exit.status) and without a report")
        }
        return answers
    }

    /// An account's rights, without the sandbox.
    static func plain(_ uid: UInt32, _ gid: UInt32) -> Spawn {
        Spawn(
            words: [],
            environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"],
            terminal: false,
            confinement: .developer(Spawn.Developer(uid: uid, gid: gid, groups: [], directory: "/", home: "/"))
        )
    }
}

extension Attack.Asking {
    /// What is asked of the launcher.
    fileprivate func program(_ ground: AttackGround) -> Program {
        let tool = Program.Command.tool(name: "shell", arguments: [])
        return switch self {
        case .outside: Program(tool, directory: ground.directory, environment: AttackList.variables(ground))
        case .above: Program(tool, directory: AttackList.above(ground))
        case .link: Program(tool, directory: "\(ground.project)/\(AttackList.wayOut)")
        }
    }
}
