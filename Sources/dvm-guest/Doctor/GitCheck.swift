internal import DVMProtocol

/// What keeps the git of the person in a VM from running what an agent left.
enum GitCheck {
    /// Says how `.git` is protected, and for how long.
    static func check(_ mode: AgentPolicy.Git) -> DoctorReport.Check {
        switch mode {
        case .guarded:
            DoctorReport.Check(
                "git in the project",
                .pass,
                """
                guarded: hooks and settings are pinned; what is planted beside them is taken back when a session ends, \
                so do not use git in the project while one goes on, or set DVM_AI_GIT to shadow or ro
                """
            )
        case .shadow:
            DoctorReport.Check(
                "git in the project",
                .pass,
                "shadow: sessions work on a copy of .git, and only their commits come out"
            )
        case .readOnly: DoctorReport.Check("git in the project", .pass, "ro: sessions read .git and cannot change it")
        }
    }

    /// Says which sessions have been reviewed in part only; nothing when there is none.
    static func remainders(_ remainders: [PendingReview.Remainder]) -> [DoctorReport.Check] {
        let lost = remainders.filter { $0.lost != nil }
        let sessions = remainders.filter { $0.lost == nil }.map(\.session.text)
        var checks: [DoctorReport.Check] = []
        if !sessions.isEmpty {
            checks.append(
                DoctorReport.Check(
                    "review of the project",
                    .warn,
                    "not whole after \(sessions.joined(separator: ", ")): there is too much in the project, or too deep",
                    meaning:
                        "where nobody looked, which `dvm sessions --all` says, something may be there that git runs",
                    remedy:
                        "remove what does not belong there, then start `dvm ai shell` and leave it: its end looks again"
                )
            )
        }
        if !lost.isEmpty {
            let projects = lost.map { "\($0.lost ?? "") (\($0.session))" }
            let files = lost.map { "\(PendingReview.remainder(of: $0.session))" }
            checks.append(
                DoctorReport.Check(
                    "review of a project that is gone",
                    .warn,
                    "was not whole when it was moved or deleted: \(projects.joined(separator: ", ").printable)",
                    meaning: "where it is now, something may be in it that git runs, and no session's end looks there",
                    remedy:
                        "unless it was deleted, look through it before you use git there; then end this warning in the VM "
                        + "as root: `rm \(files.joined(separator: " "))`"
                )
            )
        }
        return checks
    }
}
