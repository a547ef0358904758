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
}
