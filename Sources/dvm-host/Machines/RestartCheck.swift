internal import DVMProtocol

/// Whether a VM that runs may be restarted for a change of its configuration: what works in it would end.
struct RestartCheck: Sendable {
    let name: MachineName
    let limactl: Limactl
    let session: Session
    /// The command that would restart it.
    let verb: String

    /// Refuses a restart that somebody would miss, unless the person at the terminal wants it.
    ///
    /// Services do not count: they start again with the VM.
    ///
    /// - Parameters:
    ///   - instance: the VM as Lima knows it, running.
    ///   - changes: what it is restarted for, as people read it.
    /// - Throws: a `Refusal` that says what would end, also when that is not known.
    func require(_ instance: LimaInstance, for changes: [String]) async throws {
        // Nobody works in a copy that has not got an identity of its own yet.
        guard try session.state(of: name).copied() == nil, let refusal = try await refusal(instance, changes) else {
            return
        }
        guard session.display.style.width != nil, Question.canBeAsked else { throw refusal }
        let isWanted = try await session.asking.pass {
            try await session.display.aside {
                try await Question.confirm("\(ErrorText.paragraph(refusal.message))\nrestart \(name) now? [y/N] ")
            }
        }
        if !isWanted { throw refusal }
    }

    private func refusal(_ instance: LimaInstance, _ changes: [String]) async throws -> Refusal? {
        let restart = "\(name) has to restart for a change of its configuration (\(changes.joined(separator: ", ")))"
        let remedy = "`dvm \(verb) \(name) --restart` restarts it all the same; nothing has been changed"
        do {
            let found = try await session.display.step("looking for what works in \(name)") {
                try await GuestQuestion(vm: name, limactl: limactl, session: session).activity(of: instance)
            }
            guard !found.isEmpty else { return nil }
            return Refusal(
                "\(restart), which would end what works in it: \(StopMany.words(found))",
                hint: "wait for it to end, or end it (`dvm sessions \(name)`, `dvm sh \(name)`); \(remedy)"
            )
        } catch let refusal as Refusal {
            return Refusal(
                "\(restart), and it is not known what works in it:\n\(refusal.message)",
                hint: [refusal.hint, remedy].compactMap(\.self).joined(separator: "; ")
            )
        }
    }
}
