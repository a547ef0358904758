internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A process of our own executable that was started and is watched.
///
/// Swift cannot run between fork and exec, so a child is always this program again, which then becomes what it was told
/// to on descriptor 3.
struct Child: ~Copyable {
    let pid: pid_t
    /// Readable once the process has ended.
    let ended: OwnedDescriptor

    /// Starts `dvm-guest WORD` with streams on descriptors 0 to 2 and the conversation with us on 3.
    ///
    /// - Throws: a `Refusal` when the kernel has no process for us.
    init(
        role word: String,
        input: FileDescriptor,
        output: FileDescriptor,
        errors: FileDescriptor,
        report: FileDescriptor,
        program: String = "/proc/self/exe"
    ) throws(Refusal) {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        for (descriptor, place) in [(input, 0), (output, 1), (errors, 2), (report, 3)] as [(FileDescriptor, Int32)] {
            // In this order no action overwrites what a later one needs: descriptors 0 to 2 are always in use, so
            // what we pass is 3 or higher, and 3 itself is filled last.
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor.rawValue, place)
        }
        var signals = sigset_t()
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        // A session of its own from the first moment on, and so a group that signals can be sent to.
        let session = dvm_posix_spawn_setsid
        unsafe posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | session)
        )

        var pid: pid_t = 0
        let arguments = ArgumentList(["dvm-guest", word])
        let environment = ArgumentList([
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
        ])
        // The very file we run, even when another was put in its place: builds never mix.
        let error = unsafe posix_spawn(
            &pid,
            program,
            &actions,
            &attributes,
            arguments.pointer,
            environment.pointer
        )
        guard error == 0 else { throw Refusal("starting a process in the VM: \(Errno(rawValue: error))") }
        let watch = dvm_pidfd_open(pid)
        guard watch >= 0 else {
            let error = Errno(rawValue: errno)
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw Refusal("watching a process in the VM: \(error)", hint: "dvm needs Linux 5.12 or newer in the VM")
        }
        self.pid = pid
        ended = OwnedDescriptor(FileDescriptor(rawValue: watch))
    }

    /// Sends a signal to the process and all of its group.
    func signal(_ number: Int32) {
        kill(-pid, number)
    }

    /// Whether the process has ended, or does within some milliseconds.
    func ends(within milliseconds: Int32) -> Bool {
        var poll = PollSet()
        poll.add(ended.raw, .read)
        return (try? poll.wait(milliseconds: milliseconds)) != nil && !poll.isQuiet
    }

    /// Takes note of the end, once `ended` is readable.
    func wait() -> Exit {
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) == -1, errno == EINTR {}
        // wait(2)'s macros: the low seven bits are a signal, 0 for an exit, whose code is in the next byte.
        let signal = UInt8(status & 0x7F)
        return signal == 0 ? .exited(UInt8(truncatingIfNeeded: status >> 8)) : .signaled(signal)
    }
}
