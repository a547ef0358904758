internal import DVMProtocol

/// A VM that says itself that it has the identity of another: it was copied or renamed past dvm, or what this computer
/// remembered of it is lost.
enum PassingFor {
    /// Refuses such a VM, and marks it as the copy it is: the next start gives it an identity of its own.
    ///
    /// Its private keys go with that only where there is a VM that has them, too.
    ///
    /// - Throws: a `Refusal` that says of which VM it has the identity.
    static func check(_ facts: Welcome.Facts, of vm: MachineName, _ session: Session) throws(Refusal) {
        guard let said = facts.identity else { return }
        guard said != vm.text else { return session.keepRecorded(of: vm) }
        let other = try? MachineName(said)
        let isThere = other.map { Files.exists(session.paths.instance(of: $0)) } ?? false
        // The guest's word, of any length.
        let source = other?.text ?? String(said.prefix(40)).printable
        try session.state(of: vm).keep(CopiedFrom(source: source, keepsKeys: !isThere, isWhole: true))
        throw Refusal(
            "\(vm) says that it has the identity of \(source): it was copied or renamed without dvm, or what dvm kept of "
                + "it on this computer is lost",
            hint: "`dvm start \(vm)` gives it one of its own"
                + (isThere ? ", without the private keys of \(source)" : ", and leaves its private keys")
        )
    }
}

extension Session {
    /// Remembers that a VM has said that its identity is its own.
    ///
    /// That it cannot is no reason to end what the command is about, but a person has to know: should going back to a
    /// snapshot of the VM's be cut short, keys of another's would stay in it as keys in doubt.
    func keepRecorded(of vm: MachineName) {
        do throws(Refusal) {
            try state(of: vm).keepRecorded()
        } catch {
            display.note(
                "\(vm) has an identity of its own, which dvm cannot remember: \(error.message)"
                    + (error.hint.map { " (\($0))" } ?? "")
            )
        }
    }
}
