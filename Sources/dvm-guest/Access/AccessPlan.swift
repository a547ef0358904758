internal import Glibc

/// What becomes of the access lists of one file or directory of a project.
///
/// Pure. Every change leaves everybody else what they have: nothing is narrowed, and a mask only ever made wider for the
/// one it is about.
struct AccessPlan {
    let order: AccessOrder

    /// What is known of a file.
    struct File: Hashable {
        var isDirectory = false
        /// The project itself: what a person chose to work on with agents, so its mode closes it to nobody.
        var isTop = false
        var isSecret = false
        /// Its mode, without its kind.
        var mode: UInt32
        var group: UInt32
        /// Its list, as bytes; empty without one.
        var access: [UInt8] = []
        /// What files made in it begin with, as bytes; empty without.
        var inherited: [UInt8] = []
    }

    /// What is to be done, in this order; `nil` is nothing.
    struct Change: Hashable {
        /// Give it to the developer's group.
        var givesGroup = false
        var access: [UInt8]?
        /// Empty to remove it.
        var inherited: [UInt8]?
        /// Whether files made in it are to be of its group.
        var setgid: Bool?
        /// Whether the agent is kept out of it for good, and why.
        var reason: Reason?

        enum Reason { case closed, secret }

        var isNothing: Bool { !givesGroup && access == nil && inherited == nil && setgid == nil }
    }

    /// The change for a file; nothing when its lists are none this program understands.
    func change(for file: File) -> Change? {
        let access = file.access.isEmpty ? AccessList(mode: file.mode) : AccessList(bytes: file.access)
        guard let access, let owner = access.entries[.owner] else { return nil }
        if !file.inherited.isEmpty, AccessList(bytes: file.inherited) == nil { return nil }
        var change =
            switch order.job {
            case .grant: grant(file, access, owner)
            case .share: share(file, access, owner)
            case .withdraw: withdraw(file, access)
            }
        // As it is: not even written.
        if change.access == file.access || file.access.isEmpty && change.access == AccessList(mode: file.mode).bytes {
            change.access = nil
        }
        if change.inherited == file.inherited { change.inherited = nil }
        return change
    }

    private func grant(_ file: File, _ access: AccessList, _ owner: UInt8) -> Change {
        if file.mode & 0o077 == 0, !file.isTop {
            // An entry of ours would come back into force with the next `chmod g+r`, which is not meant for the agent.
            var shut = access
            if access.entries[.user(order.agent)] != nil { shut.entries[.user(order.agent)] = 0 }
            return Change(access: shut.bytes, reason: .closed)
        }
        if file.isSecret { return Change(access: access.denying(order.agent).bytes, reason: .secret) }
        var change = Change(access: access.granting(order.agent, owner).bytes)
        guard file.isDirectory else { return change }
        let inherited = AccessList(bytes: file.inherited) ?? fresh(file)
        change.inherited = inherited.granting(order.agent, 7).bytes
        // So that what the agent makes is of the developer's group, which may then change it.
        if file.group == order.group, file.mode & UInt32(S_ISGID) == 0 { change.setgid = true }
        return change
    }

    private func share(_ file: File, _ access: AccessList, _ owner: UInt8) -> Change {
        // Of a third group: the developer chose that, with a setgid directory.
        guard file.group == order.group || file.group == order.agentGroup else { return Change() }
        var change = Change(givesGroup: file.group != order.group, access: access.grantingGroup(owner).bytes)
        guard file.isDirectory else { return change }
        let inherited = AccessList(bytes: file.inherited) ?? fresh(file)
        change.inherited = inherited.grantingGroup(7).granting(order.agent, 7).bytes
        if file.mode & UInt32(S_ISGID) == 0 { change.setgid = true }
        return change
    }

    private func withdraw(_ file: File, _ access: AccessList) -> Change {
        var change = Change(access: access.withdrawing(order.agent).bytes)
        guard file.isDirectory, let inherited = AccessList(bytes: file.inherited),
            inherited.entries[.user(order.agent)] != nil
        else { return change }
        let rest = inherited.withdrawing(order.agent)
        change.inherited = rest == fresh(file) ? [] : rest.bytes
        if file.group == order.group, file.mode & UInt32(S_ISGID) != 0 { change.setgid = false }
        return change
    }

    /// What files made in a directory begin with where it said nothing: what its mode says, and for a group of which
    /// nobody but the developer is usually a member, everything.
    private func fresh(_ file: File) -> AccessList {
        var list = AccessList(mode: file.mode)
        list.entries[.owner] = 7
        if file.group == order.group || order.job == .share { list.entries[.owningGroup] = 7 }
        return list
    }
}
