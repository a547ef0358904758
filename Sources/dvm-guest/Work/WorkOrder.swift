internal import DVMProtocol

/// Where work is looked for, by the user it belongs to.
struct WorkOrder: Hashable, Codable {
    /// The code directory, absolute.
    var directory: String
    /// The user's home, for what git is told there to ignore.
    var home: String
}

extension WorkReport {
    /// Everything of this VM that is nowhere else.
    ///
    /// It is looked for by the user it belongs to: the project is a stranger to root.
    ///
    /// - Throws: a `Refusal` when it cannot be looked for; that is not the same as none.
    static func make() throws(Refusal) -> Self {
        let settings = try Settings.read()
        guard let developer = try Accounts.read()[settings.user] else {
            throw Refusal("the user “\(settings.user)” is gone from the VM")
        }
        let order = LookOrder(
            uid: developer.uid,
            gid: developer.gid,
            task: .work(WorkOrder(directory: settings.codeDirectory, home: developer.home))
        )
        let answer = try Entering.run(
            role: "look",
            order,
            within: WorkCheck.patience + .seconds(30),
            called: "looking for work"
        )
        guard answer.exit == .exited(0), var report = try? JSON.decode(Self.self, from: answer.output) else {
            throw Refusal(
                "looking for work in \(settings.codeDirectory) failed (status \(answer.exit.status))",
                hint: "look at it with `dvm sh`"
            )
        }
        // What runs now is root's to know.
        report.sessions = SessionDirectory.running().suffix(50).map { Running(id: $0.id, tool: $0.tool) }
        return report
    }
}
