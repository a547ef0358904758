/// What is remembered of whose identity a VM has, while its disk is put back to a snapshot and afterwards.
///
/// Snapshots that came with a copy have the identity of the VM it was copied from, all others its own: while it passes for
/// another, dvm makes none.
struct RestoreMarks: Hashable, Sendable {
    /// While it is put back.
    ///
    /// That may end at any moment, and then the disk is either of the two; it says which, unless it is from a time when
    /// dvm did not write that down.
    var during: CopiedFrom?
    /// When it is put back; nothing where the identity is then its own.
    var after: CopiedFrom?

    /// Decides it.
    ///
    /// - Parameters:
    ///   - name: the snapshot's.
    ///   - inherited: those that came with the copy; nothing where the VM is none, or that is not known.
    ///   - known: of what it is a copy that still passes for that, or may.
    init(to name: String, inherited: InheritedSnapshots?, known: CopiedFrom?) {
        let isAnothers = inherited?.names.contains(name) == true
        switch (known, inherited) {
        case (nil, let inherited?) where isAnothers:
            during = inherited.copied
            during?.isProvisional = true
            during?.isRecorded = inherited.isRecorded
            after = inherited.copied
        case (nil, _):
            break
        case (let known?, let inherited?) where isAnothers:
            during = known
            after = inherited.copied
        case (var known?, let inherited):
            known.isProvisional = true
            // It may be of any time.
            known.isRecorded = nil
            during = known
            after = inherited == nil ? known : nil
        }
    }
}
