/// What a process found out about itself inside the sandbox.
struct SandboxFacts: Hashable, Codable {
    var uid: UInt32
    /// `Seccomp` and `Seccomp_filters` of `/proc/thread-self/status`: 2 is the mode with filters.
    var seccompMode: Int
    var seccompFilters: Int
    var noNewPrivileges: Bool
    /// The capability sets of the same by name, as the kernel writes them.
    var capabilities: [String: String]
    /// Descriptors beside the three streams.
    var descriptors: [Int32]
    /// The asked-for paths that exist, and whether they can be read.
    var paths: [String: PathState]
    /// What was tried, and the name of the answer: `ok` or an errno such as `EPERM`.
    var attempts: [String: String]
    /// Where things are mounted.
    var mounts: [String]
    /// Those of them where setuid programs or devices would work.
    var looseMounts: [String]
    /// The arguments of process 1, which every process there can read.
    var firstProcess: [String]
    /// The asked-for programs, and whether they can be run.
    var programs: [String: Bool]

    /// How a path looks from inside.
    enum PathState: String, Hashable, Codable {
        case absent
        case present
        case readable
    }
}
