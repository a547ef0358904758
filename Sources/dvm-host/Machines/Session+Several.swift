internal import DVMProtocol

extension Session {
    /// Does something with several VMs, a few at a time and each with lines of its own, whatever becomes of the others.
    ///
    /// - Parameters:
    ///   - vms: the VMs.
    ///   - failed: the outcome of one that went wrong, which is told as it comes.
    ///   - body: what is done with each, in a session that tells of it alone.
    /// - Returns: the outcome of each.
    func each<Outcome: Sendable>(
        of vms: [MachineName],
        failed: Outcome,
        _ body: @escaping @Sendable (MachineName, Session) async throws -> Outcome
    ) async -> [MachineName: Outcome] {
        await withTaskGroup(of: (MachineName, Outcome).self) { group in
            var outcomes: [MachineName: Outcome] = [:]
            var waiting = vms[...]
            func begin() {
                guard let vm = waiting.popFirst() else { return }
                var session = self
                if vms.count > 1 { session.display = ProgressDisplay(on: display.screen, name: vm.text) }
                group.addTask { [session] in
                    do {
                        return (vm, try await body(vm, session))
                    } catch is CancellationError {
                        // Whoever ends all of them is told so once.
                        return (vm, failed)
                    } catch {
                        session.display.finish(.refused(error as? Refusal ?? Refusal("\(error)"), seconds: 0))
                        return (vm, failed)
                    }
                }
            }
            for _ in 0..<Self.mostAtOnce { begin() }
            while let (vm, outcome) = await group.next() {
                outcomes[vm] = outcome
                begin()
            }
            return outcomes
        }
    }

    /// How many VMs are worked on at once: each has programs of Lima's on this computer.
    private static let mostAtOnce = 4
}
