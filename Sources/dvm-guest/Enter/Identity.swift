internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Whose rights a process has.
enum Identity {
    /// Becomes a user for good: groups, group, user, in the order in which each takes the right to the next.
    ///
    /// - Throws: a `Refusal` when anything of the old identity is left.
    static func become(uid: UInt32, gid: UInt32, groups: [UInt32]) throws(Refusal) {
        // Root is never what a program is to run as, and -1 means “as it is” to the kernel.
        guard uid != 0, uid != .max, gid != .max else { throw Refusal("no program of a session runs as uid \(uid)") }
        try call("setting the groups") { unsafe setgroups(groups.count, groups) }
        try call("setting the group \(gid)") { dvm_set_groups(gid) }
        try call("setting the user \(uid)") { dvm_set_users(uid) }
        guard dvm_is_wholly(uid, gid) != 0, try Set(current()) == Set(groups) else {
            throw Refusal("the kernel left something of the old identity")
        }
    }

    /// Refuses accounts that cannot be an agent and its developer.
    static func check(_ agent: Spawn.Agent) throws(Refusal) {
        // Shown as each other on the project's mount, equal ids or root's would make the wall between them a door.
        guard agent.uid != 0, agent.gid != 0, agent.developerUid != 0, agent.developerGid != 0,
            agent.uid != agent.developerUid
        else {
            throw Refusal(
                "uid \(agent.uid) cannot be the agent of uid \(agent.developerUid)",
                hint: "run `dvm sync` for this VM on the host, which sets the accounts up"
            )
        }
    }

    /// Tries to become root again.
    ///
    /// - Throws: a `Refusal` when that works.
    static func provePermanent() throws(Refusal) {
        guard dvm_set_users(0) == -1, dvm_set_groups(0) == -1 else {
            throw Refusal("root's rights could be taken back after they were given up")
        }
    }

    private static func current() throws(Refusal) -> [UInt32] {
        let count = try call("reading the groups") { getgroups(0, nil) }
        var groups = [UInt32](repeating: 0, count: Int(count))
        // With a size of 0 it would answer how many there are again.
        if count > 0 { try call("reading the groups") { unsafe getgroups(count, &groups) } }
        return groups
    }
}
