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
    static func remainders(_ sessions: [SessionID]) -> [DoctorReport.Check] {
        guard !sessions.isEmpty else { return [] }
        return [
            DoctorReport.Check(
                "review of the project",
                .warn,
                "not whole after \(sessions.map(\.text).joined(separator: ", ")): there is too much in the project",
                meaning: "where nobody looked, which `dvm sessions --all` says, something may be there that git runs",
                remedy: "remove what does not belong there, then start `dvm ai shell` and leave it: its end looks again"
            )
        ]
    }
}
