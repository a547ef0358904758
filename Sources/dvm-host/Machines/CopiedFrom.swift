internal import DVMProtocol

/// That a VM is a copy which still has the identity of the one it was copied from.
struct CopiedFrom: Hashable, Sendable, Codable {
    /// The VM it was copied from.
    var source: String
    /// Whether the user's keys stay.
    var keepsKeys: Bool
    /// Whether everything was copied: it may have been cut short.
    var isWhole = false
    /// Whether it only may have that identity, because its disk was being put back to another's: the VM itself knows.
    var isProvisional: Bool?
    /// Where that is so, whether the VM is known to say it when the identity is its own: one that had it from an earlier
    /// dvm, and was not synced since, does not.
    var isRecorded: Bool?

    /// Whether nobody knows if the private keys in it are its own: such are never removed.
    var isInDoubt: Bool { isProvisional == true && isRecorded != true }

    /// Refuses to start half a disk.
    ///
    /// - Throws: a `Refusal` that says how to begin anew.
    func checkWhole(_ vm: MachineName) throws(Refusal) {
        guard !isWhole else { return }
        throw Refusal(
            "copying \(source.printable) to \(vm) was cut short, so \(vm) may be damaged",
            hint: "`dvm rm \(vm) --yes --force --config` removes what there is of it; then copy it again"
        )
    }
}

/// The snapshots that came with a copy: the VM has the identity of another again when it is put back to one.
struct InheritedSnapshots: Hashable, Sendable, Codable {
    var names: Set<String>
    /// What is done when it is put back to one of them.
    var copied: CopiedFrom
    /// Whether the VM, as its disk is now, has said that its identity is its own.
    var isRecorded: Bool?
}
