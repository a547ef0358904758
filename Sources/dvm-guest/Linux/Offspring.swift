internal import Glibc

/// The processes this one has started, and those they left behind, once it adopts them (PR_SET_CHILD_SUBREAPER).
enum Offspring {
    /// Kills every one, round by round: the children of one that dies are ours in the next.
    static func endAll() {
        let deadline = ContinuousClock.now + .seconds(5)
        while ContinuousClock.now < deadline {
            while waitpid(-1, nil, WNOHANG) > 0 {}
            let children = children()
            guard !children.isEmpty else { return }
            for pid in children where pid > 1 { kill(pid, SIGKILL) }
            usleep(2000)
        }
    }

    /// The children of this process, those that have ended and were not waited for among them.
    private static func children() -> [pid_t] {
        let own = getpid()
        return Listing.names(in: "/proc").compactMap { pid_t($0) }.filter { parent(of: $0) == own }
    }

    /// Field 4 of proc_pid_stat(5); before it is a name in parentheses that may hold anything.
    private static func parent(of pid: pid_t) -> pid_t? {
        guard let stat = try? TextFile.readBytes(FilePath("/proc/\(pid)/stat")),
            let end = stat.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: UInt8(ascii: " "))
        return fields.count > 1 ? pid_t(String(decoding: fields[1], as: UTF8.self)) : nil
    }
}
