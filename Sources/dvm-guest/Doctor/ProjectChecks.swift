internal import DVMProtocol

/// How agents get at the project here, found out as the launcher does.
enum ProjectChecks {
    private static let name = "project"

    static func checks(_ settings: Settings, _ accounts: Accounts) -> [DoctorReport.Check] {
        do throws(Refusal) {
            let program = Program(.tool(name: try Tool.named("shell").name, arguments: []))
            let plan = try ProgramPlan(program, settings: settings, accounts: accounts)
            guard case .agent(let agent) = plan.spawn.confinement else { return [] }
            let project = try Project.pin(agent)
            let settled = try ProjectMount.settled(agent, on: project)
            _ = try ProjectMount.make(of: project, for: settled)
            guard settled.policy.access == .acl else {
                return [DoctorReport.Check(name, .pass, "shown to agents as their own by an idmapped mount")]
            }
            _ = try AccessList.read(project.descriptor.raw, project.path)
            return [DoctorReport.Check(name, .pass, "open to agents by access lists")]
        } catch {
            return [Diagnosis.failed(name, error)]
        }
    }
}
