internal import CLinux
internal import DVMProtocol
internal import Glibc

/// The guest program as it lies on disk, which the host may have replaced since this process was started from it.
struct InstalledProgram {
    let path: FilePath
    private let running: Status?

    /// Compares with the program that runs.
    init(at path: FilePath = FilePath(Wrappers.program)) {
        self.path = path
        let own = unsafe open("/proc/self/exe", dvm_o_path | O_CLOEXEC)
        defer { close(own) }
        running = try? Status.of(FileDescriptor(rawValue: own), called: "the running program")
    }

    /// Whether another file has taken the running one's place.
    var isReplaced: Bool {
        guard let running, let now = Status.of(path) else { return false }
        return (now.device, now.inode) != (running.device, running.inode)
    }

    /// What a new process is to be started from, so that it is of the installed build.
    var program: String { isReplaced ? path.string : "/proc/self/exe" }
}
