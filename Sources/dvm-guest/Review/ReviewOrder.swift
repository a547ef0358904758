internal import DVMProtocol

/// What was asked about the last review, for the user the project belongs to.
struct ReviewOrder: Hashable, Codable {
    var request: ReviewRequest
    /// The code directory, absolute.
    var directory: String
    /// The user's home.
    var home: String

    /// Has it done by that user: the project is a stranger to root.
    ///
    /// - Throws: a `Refusal`, the process's own where it has one.
    static func perform(_ request: ReviewRequest) throws(Refusal) -> any Encodable {
        let settings = try Settings.read()
        let developer = try Developer.account(settings.user)
        let order = LookOrder(
            uid: developer.uid,
            gid: developer.gid,
            task: .changes(Self(request: request, directory: settings.codeDirectory, home: developer.home))
        )
        switch request {
        case .look:
            var report = try ask(order, as: ReviewReport.self)
            // What runs now is root's to know.
            report.sessions = SessionDirectory.running().suffix(50).map { .init(id: $0.id, tool: $0.tool) }
            return report
        case .shown, .done: return try ask(order, as: ReviewMark.self)
        case .patch:
            // The patch itself is this task's output.
            let answer = try run(order, into: .standardOutput)
            guard answer.exit == .exited(0) else { throw failure(answer.exit) }
            return ReviewMark(time: 0, repositories: 1)
        }
    }

    private static func ask<Answer: Decodable>(_ order: LookOrder, as type: Answer.Type) throws(Refusal) -> Answer {
        let answer = try run(order, into: nil)
        guard answer.exit == .exited(0), let value = try? JSON.decode(type, from: answer.output) else {
            throw failure(answer.exit)
        }
        return value
    }

    private static func run(_ order: LookOrder, into file: FileDescriptor?) throws(Refusal) -> (
        exit: Exit, output: [UInt8]
    ) {
        try Entering.run(
            role: "look",
            order,
            into: file,
            within: ProjectReview.patience + .seconds(30),
            called: "looking at what was done"
        )
    }

    private static func failure(_ exit: Exit) -> Refusal {
        Refusal("looking at what was done failed (status \(exit.status))", hint: "look at the project with `dvm sh`")
    }

    /// Does it, as this process's user.
    ///
    /// - Returns: the answer; nothing where it was written to standard output already.
    func run() throws(Refusal) -> (any Encodable)? {
        let state = try ReviewState(home: home)
        switch request {
        case .look: return try ProjectReview.run(self, state)
        case .shown(let id):
            let record = try state.record(id)
            let old = state.id(.shown)
            try state.name(id, .shown)
            if let old { state.drop(old) }
            return ReviewMark(time: record.time, repositories: record.repositories.count)
        case .done:
            guard let id = state.id(.shown) else {
                throw Refusal(
                    "nothing has been shown yet, so nothing can count as reviewed",
                    hint: "`dvm review` without --done shows what there is"
                )
            }
            let record = try state.record(id)
            try state.name(id, .done)
            return ReviewMark(time: record.time, repositories: record.repositories.count)
        case .patch(let id, let number):
            try ReviewPatch.write(number, of: id, state)
            return nil
        }
    }
}
