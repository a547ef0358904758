internal import DVMProtocol
internal import Glibc

/// One control group: processes that are limited, counted and ended together (cgroups(7), version 2).
struct ControlGroup {
    let path: FilePath

    /// Makes a group, or takes the one there is.
    ///
    /// - Throws: a `Refusal` that names it.
    init(making path: FilePath) throws(Refusal) {
        _ = try Directories.make(path, mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
        self.path = path
    }

    /// A group that is there, or was.
    init(_ path: FilePath) { self.path = path }

    /// Takes a process in, with everything it starts from now on.
    func add(_ pid: pid_t) throws(Refusal) { try set("cgroup.procs", "\(pid)") }

    /// Writes one of its files.
    ///
    /// - Throws: a `Refusal` that names the file.
    func set(_ file: String, _ value: String) throws(Refusal) {
        do {
            let file = OwnedDescriptor(
                try FileDescriptor.open(path.appending(file), .writeOnly, options: [.closeOnExec])
            )
            // One write is one command to the kernel.
            _ = try file.raw.writeAll(value.utf8)
        } catch {
            throw Refusal("\(path.appending(file)) does not take “\(value)”: \(error)")
        }
    }

    /// The words of one of its files; none when it has no such file.
    func words(_ file: String) -> [String] {
        let text = (try? TextFile.read(path.appending(file))) ?? ""
        return text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    /// A number in one of its files of names and numbers, such as `oom_kill` in `memory.events`.
    func count(_ name: String, in file: String) -> Int {
        let words = words(file)
        guard let index = words.firstIndex(of: name), index + 1 < words.count else { return 0 }
        return Int(words[index + 1]) ?? 0
    }

    /// Whether there is a process in it or in a group below it.
    var isPopulated: Bool { count("populated", in: "cgroup.events") != 0 }

    /// Kills every process in it and in the groups below it, and waits until they are gone.
    ///
    /// - Returns: whether they are; only a process that hangs in the kernel withstands it.
    func killAll() -> Bool {
        // Linux 5.14, which also kills what is being forked at this moment.
        let isKilled = (try? set("cgroup.kill", "1")) != nil
        let deadline = ContinuousClock.now + Self.patience
        while isPopulated {
            guard ContinuousClock.now < deadline else { return false }
            // Frozen, nothing of it forks faster than it is killed; a frozen process can be killed.
            if !isKilled {
                try? set("cgroup.freeze", "1")
                for pid in words("cgroup.procs").compactMap({ pid_t($0) }) where pid > 1 { kill(pid, SIGKILL) }
            }
            usleep(2000)
        }
        // What is started in it later, for the session that has ended, is to run.
        if !isKilled { try? set("cgroup.freeze", "0") }
        return true
    }

    /// Removes it, once it is empty.
    func remove() { Removal.directory(path) }

    private static let patience = Duration.seconds(10)
}
