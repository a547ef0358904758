/// A file's access list beyond owner, group and others: acl(5).
///
/// A list that names users must have a mask, the most that any but the owner and others get. What a change here does to
/// the mask is chosen so that nobody but the one user it is about gets more or less than before.
struct AccessList: Equatable {
    /// Whom an entry is about.
    enum Subject: Hashable {
        case owner
        case user(UInt32)
        case owningGroup
        case group(UInt32)
        case mask
        case others

        /// Whether the mask limits what it gets.
        var isMasked: Bool {
            switch self {
            case .user, .owningGroup, .group: true
            case .owner, .mask, .others: false
            }
        }
    }

    /// What each subject may, as the three bits of a mode.
    var entries: [Subject: UInt8]

    init(entries: [Subject: UInt8]) { self.entries = entries }

    /// The list of a file that has only a mode.
    init(mode: UInt32) {
        entries = [
            .owner: UInt8(mode >> 6 & 7), .owningGroup: UInt8(mode >> 3 & 7), .others: UInt8(mode & 7),
        ]
    }

    /// What a subject really gets: its entry, limited by the mask.
    func effective(_ subject: Subject) -> UInt8? {
        entries[subject].map { subject.isMasked ? $0 & (entries[.mask] ?? 7) : $0 }
    }

    /// Whether the list keeps a user out whatever others may.
    func shutsOut(_ uid: UInt32) -> Bool { entries[.user(uid)] == 0 && entries[.mask] != 0 }

    // MARK: Changes

    /// The list with one user shut out.
    ///
    /// A new mask is what the owning group has, which is then what it keeps; one that is there is never recomputed: the
    /// owner may have narrowed it with `chmod`.
    ///
    /// An empty mask is the exception. With it the kernel does not look at the list at all (acl_permission_check in
    /// fs/namei.c), and a later `chmod o+rx` would let the user in. So it gets one bit.
    func denying(_ uid: UInt32) -> Self {
        var list = widened(to: (entries[.mask] ?? entries[.owningGroup] ?? 0) == 0 ? 1 : 0)
        list.entries[.user(uid)] = 0
        return list
    }

    /// The list with one user given these rights.
    func granting(_ uid: UInt32, _ bits: UInt8) -> Self {
        var list = widened(to: bits)
        list.entries[.user(uid)] = bits
        return list
    }

    /// The list with the owning group given these rights beside those it has.
    func grantingGroup(_ bits: UInt8) -> Self {
        var list = self
        if list.entries[.mask] != nil { list = widened(to: bits) }
        list.entries[.owningGroup, default: 0] |= bits
        return list
    }

    /// The list without an entry for one user.
    ///
    /// Where it then says no more than a mode can, it is one: the owning group keeps what it really had.
    func withdrawing(_ uid: UInt32) -> Self {
        var list = self
        list.entries[.user(uid)] = nil
        let names = list.entries.keys.contains { subject in
            switch subject {
            case .user, .group: true
            case .owner, .owningGroup, .mask, .others: false
            }
        }
        guard !names else { return list }
        list.entries[.owningGroup] = effective(.owningGroup)
        list.entries[.mask] = nil
        return list
    }

    /// The list with a mask that has room for these rights.
    ///
    /// Where the mask has to become wider, what it held back is emptied first, so that it stays held back.
    private func widened(to bits: UInt8) -> Self {
        var list = self
        let mask = entries[.mask] ?? entries[.owningGroup] ?? 0
        if mask | bits != mask {
            for subject in entries.keys where subject.isMasked { list.entries[subject]? &= mask }
        }
        list.entries[.mask] = mask | bits
        return list
    }
}
