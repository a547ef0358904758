internal import DVMProtocol

/// Something to be done with Lima for a VM to run as its configuration says.
enum InstanceStep: Hashable, Sendable {
    case create
    /// Because of these changes, which a running VM cannot have.
    case stop(because: [String])
    case change(Reconciliation)
    case start

    /// What it takes from what Lima says now; an instance that has just been made or changed is looked at anew.
    ///
    /// - Throws: a `Refusal` when the disk would have to shrink.
    static func steps(for instance: LimaInstance?, to settings: Settings) throws(Refusal) -> [Self] {
        guard let instance else { return [.create, .start] }
        let reconciliation = try Reconciliation(of: instance, to: settings)
        let isRunning = instance.status == .running
        guard !reconciliation.isEmpty else { return isRunning ? [] : [.start] }
        return (isRunning ? [.stop(because: reconciliation.changes)] : []) + [.change(reconciliation), .start]
    }
}
