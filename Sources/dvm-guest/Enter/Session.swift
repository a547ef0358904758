internal import CLinux
internal import DVMProtocol
internal import Glibc

/// What a process inherits from whoever started it, put back to what a program expects.
enum Session {
    /// Leaves the session of `serve`, and with it any terminal that has.
    static func lead() throws(Refusal) {
        // `serve` starts us as the leader of one, and a leader may not lead again.
        guard getsid(0) != getpid() else { return }
        try call("starting a session") { setsid() }
    }

    /// Makes the terminal on standard input the controlling one: the session must not have one yet.
    static func takeTerminal() throws(Refusal) {
        try call("taking the terminal") { dvm_take_terminal(STDIN_FILENO) }
    }

    /// Every signal to its default action and none blocked: both survive exec and confuse programs.
    static func resetSignals() { dvm_reset_signals() }

    /// Leaves signals that are meant for the whole process group to the other processes in it.
    static func ignoreSignalsToTheGroup() {
        for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
    }

    /// What an ordinary login has: others may read, nobody else may write.
    static func setFileMask() { umask(0o022) }

    /// A crash must not write what a tool had in memory, keys among it, to a file.
    static func forbidCoreFiles() throws(Refusal) { try call("forbidding core files") { dvm_no_core_files() } }

    /// Has this process end that asks for more memory than that, in bytes, instead of another one of the VM.
    static func limitMemory(_ bytes: Int) throws(Refusal) {
        try call("limiting the memory of a process") { dvm_limit_memory(UInt(bytes)) }
    }

    /// Has this process, and each it starts, end that takes more than some work on strangers' data is worth.
    static func limit(_ limits: Spawn.Limits) throws(Refusal) {
        try call("limiting the work of a process") {
            dvm_limit_work(UInt(limits.memory), UInt(limits.seconds), UInt(limits.fileSize))
        }
    }

    /// Has this process, and each it starts, write no larger files than that, in bytes.
    static func limitFiles(_ bytes: Int) throws(Refusal) {
        try call("limiting the files of a process") { dvm_limit_file(UInt(bytes)) }
    }

    /// Changes to the first of some directories that can be entered; the last should be `/`.
    static func enterFirst(of directories: [String]) {
        for directory in directories where unsafe chdir(directory) == 0 { return }
    }
}

/// The process that started this one, to be noticed when it dies.
struct ParentProcess {
    let pid = getppid()

    /// Whether it is still there.
    var isAlive: Bool { getppid() == pid }

    /// What becomes readable when it ends: for a child with another user, of whom a parent that gave up root cannot have
    /// the kernel kill.
    func watch() throws(Refusal) -> OwnedDescriptor {
        let raw = try call("watching the parent process") { dvm_pidfd_open(pid) }
        let descriptor = OwnedDescriptor(FileDescriptor(rawValue: raw))
        guard isAlive else { throw Refusal("the connection this was started for is gone") }
        return descriptor
    }

    /// Has this process killed when its parent dies.
    ///
    /// - Throws: a `Refusal` when it is dead already, which no signal would tell.
    func dieTogether() throws(Refusal) {
        try call("watching the parent process") { dvm_die_with_parent() }
        guard isAlive else { throw Refusal("the connection this was started for is gone") }
    }
}
