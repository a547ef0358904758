internal import DVMProtocol

/// What `dvm sync` was asked to set up, and whether it came to its end.
enum SetUpChecks {
    static func checks(_ settings: Settings, _ accounts: Accounts) -> [DoctorReport.Check] {
        let developer = accounts[settings.user].map { [sudo(of: AgentDoors(agent: $0))] } ?? []
        return developer + [units(UnitRecords().unfinished())]
    }

    /// Who may become root in the VM beside dvm.
    static func sudo(of doors: AgentDoors) -> DoctorReport.Check {
        let account = doors.agent
        let name = "sudo of \(account.name)"
        do throws(Refusal) {
            var files: [FilePath] = []
            for path in try doors.sudoersFiles() where AgentDoors.isNamed(account, inSudoers: try doors.read(path)) {
                files.append(path)
            }
            guard let first = files.first else { return DoctorReport.Check(name, .pass, "none") }
            let isAsked = files == [FilePath(SudoRule.path)]
            return DoctorReport.Check(
                name,
                .warn,
                isAsked
                    ? "becomes root without a password, as DVM_SUDO=1 asks"
                    : "is named in \(first), which is not dvm's",
                meaning:
                    "whatever runs as \(account.name), project code and packages among it, has all of this VM: it can "
                    + "read every AI tool's sign-in and change dvm's own program and the sandbox",
                remedy: isAsked
                    ? "take DVM_SUDO out of the VM's configuration and run `dvm sync`"
                    : "take the line out as root unless you want that"
            )
        } catch {
            return Diagnosis.failed(name, error)
        }
    }

    static func units(_ unfinished: [String]) -> DoctorReport.Check {
        DoctorReport.Check(
            "recipes",
            unfinished.isEmpty ? .pass : .warn,
            unfinished.isEmpty
                ? "none is half done" : "begun and not finished: \(unfinished.joined(separator: ", "))",
            remedy: unfinished.isEmpty ? nil : "run `dvm sync` for this VM on the host, which runs them again"
        )
    }
}
