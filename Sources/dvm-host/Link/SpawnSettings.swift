internal import DVMProtocol

/// posix_spawn's two lists, which are structs on Linux and pointers on a Mac.
@safe struct SpawnSettings: ~Copyable {
    #if canImport(Darwin)
    private var actions: posix_spawn_file_actions_t? = nil
    private var attributes: posix_spawnattr_t? = nil
    #else
    private var actions = unsafe posix_spawn_file_actions_t()
    private var attributes = posix_spawnattr_t()
    #endif

    init() {
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
    }

    deinit {
        var (actions, attributes) = unsafe (actions, attributes)
        unsafe posix_spawn_file_actions_destroy(&actions)
        unsafe posix_spawnattr_destroy(&attributes)
    }

    /// Puts a descriptor of ours at a place of the child's.
    mutating func place(_ descriptor: FileDescriptor, at number: Int32) {
        unsafe posix_spawn_file_actions_adddup2(&actions, descriptor.rawValue, number)
    }

    /// Gives the child a process group of its own and the signals' usual effects.
    mutating func separateGroup() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe sigaddset(&signals, SIGINT)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    }

    /// Starts a program.
    ///
    /// - Throws: a `Refusal` that names the program.
    mutating func spawn(_ program: FilePath, _ words: [String], environment: [String]) throws(Refusal) -> pid_t {
        var pid: pid_t = 0
        func strings(_ words: [String]) -> [UnsafeMutablePointer<CChar>?] {
            unsafe words.map { unsafe strdup($0) } + [nil]
        }
        let arguments = unsafe strings(words)
        let variables = unsafe strings(environment)
        defer { unsafe (arguments + variables).forEach { unsafe free($0) } }
        let error = unsafe program.withPlatformString {
            unsafe posix_spawn(&pid, $0, &actions, &attributes, arguments, variables)
        }
        guard error == 0 else { throw Refusal("\(program) cannot be started: \(Errno(rawValue: error))") }
        return pid
    }
}
