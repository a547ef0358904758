internal import CLinux
internal import Glibc

/// Attempts by programs of the VM.
extension AttackAnswer {
    /// Runs a program to its end, with these variables and a search path; it works when the status is 0.
    static func program(_ words: [String], adding variables: [String: String] = [:]) -> Self {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (stream, flags) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_WRONLY), (STDERR_FILENO, O_WRONLY)] {
            unsafe posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", flags, 0)
        }
        let arguments = ArgumentList(words)
        let path = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        let environment = ArgumentList(path.merging(variables) { $1 }.map { "\($0)=\($1)" })
        var pid: pid_t = 0
        let error = unsafe posix_spawnp(&pid, words[0], &actions, nil, arguments.pointer, environment.pointer)
        guard error == 0 else { return .refused(error == ENOENT ? "not installed" : "cannot be run") }
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) == -1, errno == EINTR {}
        // wait(2)'s macros: the low seven bits are a signal, 0 for an exit, whose code is in the next byte.
        if status & 0x7F != 0 { return .refused("signal \(status & 0x7F)") }
        return status >> 8 == 0 ? .worked("status 0") : .refused("status \(status >> 8)")
    }

    /// Leaves a program running, in a session of its own and without anything of this process.
    static func leaves(_ words: [String]) -> Self {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            unsafe posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0)
        }
        unsafe posix_spawnattr_setflags(&attributes, Int16(dvm_posix_spawn_setsid))
        let arguments = ArgumentList(words)
        let environment = ArgumentList([])
        var pid: pid_t = 0
        let error = unsafe posix_spawn(&pid, words[0], &actions, &attributes, arguments.pointer, environment.pointer)
        return error == 0 ? .worked("started") : .refused("cannot be run")
    }
}
