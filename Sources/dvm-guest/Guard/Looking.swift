internal import DVMProtocol

/// What a process that looks through a project as its owner is to do: one value, in a frame.
struct LookOrder: Hashable, Codable {
    enum Task: Hashable, Codable {
        case survey(Surveyor.Order)
        case inventory(Inventory.Order)
        case review(Reviewer.Order)
        /// Needs no project on standard input: it opens the code directory by itself.
        case work(WorkOrder)
        /// Has nothing to do with a project, but with the user's home.
        case keys(KeyOrder)
        /// As for work; a patch goes to standard output as it is.
        case changes(ReviewOrder)
        /// On standard input is a directory of the user's own.
        case denial(DenialOrder)
    }

    var uid: UInt32
    var gid: UInt32
    var task: Task
}

/// Looking through a project from root's side: by a process of the owner's that has the project's descriptor, and whose
/// answer is a stranger's.
enum Looking {
    /// No project people work on takes a tenth of it: one of a million files takes seconds.
    static let patience = Duration.seconds(600)
    /// Every list of an answer full of the longest paths, of bytes that JSON needs six for.
    static let mostAnswer = 8 << 20

    static func survey(_ project: FileDescriptor, _ agent: Spawn.Agent) throws(Refusal) -> Survey {
        try ask(.survey(Surveyor.Order(agent)), project, agent)
    }

    static func ask<Answer: Decodable>(_ task: LookOrder.Task, at site: SessionSite) throws(Refusal) -> Answer {
        try ask(task, site.project.descriptor.raw, site.agent)
    }

    /// Has the owner do something in a project.
    ///
    /// - Throws: a `Refusal` when there is no answer, or one that is none.
    static func ask<Answer: Decodable>(
        _ task: LookOrder.Task,
        _ project: FileDescriptor,
        _ agent: Spawn.Agent
    ) throws(Refusal) -> Answer {
        let order = LookOrder(uid: agent.developerUid, gid: agent.developerGid, task: task)
        let answer = try Entering.run(role: "look", order, input: project, within: patience, most: mostAnswer)
        guard answer.exit == .exited(0), let value = try? JSON.decode(Answer.self, from: answer.output) else {
            throw Refusal(
                "looking through the project \(agent.project) failed (status \(answer.exit.status))",
                hint: "look whether its files belong to the user people work as"
            )
        }
        return value
    }
}
