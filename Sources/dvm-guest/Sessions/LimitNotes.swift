internal import DVMProtocol

/// What a control group says about limits that were met.
enum LimitNotes {
    static func met(in group: ControlGroup) -> [SessionFacts.Limit] {
        [
            // A session that is out of memory ends as a whole, however many processes that are.
            SessionFacts.Limit(.memory, times: min(1, group.count("oom_kill", in: "memory.events"))),
            SessionFacts.Limit(.tasks, times: group.count("max", in: "pids.events")),
        ].filter { $0.times > 0 }
    }

    static func of(_ group: ControlGroup) -> [SessionNote] {
        var notes: [SessionNote] = []
        if group.count("oom_kill", in: "memory.events") > 0 {
            let limit = group.words("memory.max").first.flatMap { Int($0) }.map { " of \($0 >> 20) MiB" } ?? ""
            notes.append(
                SessionNote(
                    .warning,
                    "the session needed more memory than its limit\(limit) and was ended: DVM_AI_MEMORY sets it"
                )
            )
        }
        let refused = group.count("max", in: "pids.events")
        if refused > 0 {
            let limit = group.words("pids.max").first.map { " of \($0)" } ?? ""
            notes.append(
                SessionNote(
                    .warning,
                    "\(refused) processes of the session were not started, at its limit\(limit): DVM_AI_TASKS sets it"
                )
            )
        }
        return notes
    }
}
