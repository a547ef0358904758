internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Programs of the distribution, run by a task as root.
enum Run {
    /// Runs a program to its end; what it prints becomes the task's output.
    ///
    /// - Parameter words: the program, looked up in the system's directories only, and its arguments.
    /// - Throws: a `Refusal` when it is missing or fails.
    static func program(_ words: [String]) throws(Refusal) {
        let exit = try status(of: words)
        guard exit == .exited(0) else {
            throw Refusal("“\(words.joined(separator: " "))” failed in the VM with status \(exit.status)")
        }
    }

    /// Runs a program to its end and says how it ended.
    static func status(of words: [String]) throws(Refusal) -> Exit {
        let arguments = ArgumentList(words)
        let environment = ArgumentList([
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root",
            "DEBIAN_FRONTEND=noninteractive",
        ])
        var pid: pid_t = 0
        let error = unsafe posix_spawnp(&pid, words[0], nil, nil, arguments.pointer, environment.pointer)
        guard error == 0 else { throw Refusal("“\(words[0])” cannot be run in the VM: \(Errno(rawValue: error))") }
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) == -1, errno == EINTR {}
        let signal = UInt8(status & 0x7F)
        return signal == 0 ? .exited(UInt8(truncatingIfNeeded: status >> 8)) : .signaled(signal)
    }

    /// Runs a program of the distribution as this process's user, whoever that is, and keeps what it prints.
    ///
    /// Its standard error is this process's. It gets no secret in its arguments, and is given nothing to read. What of the
    /// user's it reads may be a pipe that nobody writes to, so it has a minute.
    ///
    /// - Parameters:
    ///   - words: the program by its path, and its arguments.
    ///   - home: the user's home.
    ///   - patience: how long it may take.
    /// - Returns: how it ended, and at most 1 MiB of its output.
    /// - Throws: a `Refusal` when it cannot be started or takes too long.
    static func output(_ words: [String], home: String, within patience: Duration = .seconds(60)) throws(Refusal) -> (
        exit: Exit, output: [UInt8]
    ) {
        let streams = try Streams.fromChild()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, streams.theirs.raw.rawValue, 1)
        let arguments = ArgumentList(words)
        let environment = ArgumentList(["PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=\(home)"])
        var pid: pid_t = 0
        let error = unsafe posix_spawn(&pid, words[0], &actions, nil, arguments.pointer, environment.pointer)
        guard error == 0 else { throw Refusal("“\(words[0])” cannot be run in the VM: \(Errno(rawValue: error))") }
        let watch = OwnedDescriptor(FileDescriptor(rawValue: try call("watching a process") { dvm_pidfd_open(pid) }))
        var kept: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        var ended = false
        // Until it has ended, and not until nobody holds the pipe: a service it started may keep that.
        let deadline = ContinuousClock.now + patience
        while !ended {
            var poll = PollSet()
            poll.add(watch.raw, .read)
            poll.add(streams.ours.raw, .read)
            try poll.wait(milliseconds: Int32(max(0, ContinuousClock.now.duration(to: deadline) / .milliseconds(1))))
            guard ContinuousClock.now < deadline else {
                kill(pid, SIGKILL)
                while waitpid(pid, nil, 0) == -1, errno == EINTR {}
                throw Refusal(
                    "“\(words.prefix(3).joined(separator: " "))” did not end within \(patience) in the VM",
                    hint: "is something of what it reads in \(home) a pipe? look with `dvm sh`"
                )
            }
            ended = poll.ready(watch.raw, .read)
            while case .bytes(let bytes) = Reading.from(streams.ours.raw, into: &buffer) {
                kept += bytes.prefix(max(0, (1 << 20) - kept.count))
            }
        }
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) == -1, errno == EINTR {}
        let signal = UInt8(status & 0x7F)
        return (signal == 0 ? .exited(UInt8(truncatingIfNeeded: status >> 8)) : .signaled(signal), kept)
    }
}
