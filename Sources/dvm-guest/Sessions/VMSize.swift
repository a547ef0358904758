internal import DVMProtocol

/// How large the VM is, as far as limits follow from it.
struct VMSize: Equatable {
    /// Bytes of memory.
    var memory: Int
    /// Processes and threads the kernel has room for.
    var tasks: Int

    /// This VM's size.
    static func read() -> Self {
        let memory = ((try? TextFile.read("/proc/meminfo")) ?? "").split(separator: "\n").first {
            $0.hasPrefix("MemTotal:")
        }
        let kibibytes = memory?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        let tasks = ["/proc/sys/kernel/threads-max", "/proc/sys/kernel/pid_max"].compactMap { path in
            (try? TextFile.read(FilePath(path)))?.split(separator: "\n").first.flatMap { Int($0) }
        }
        return Self(memory: (kibibytes ?? 1 << 20) << 10, tasks: tasks.min() ?? 32768)
    }

    /// Bytes of memory for all sessions of agents together: a fifth stays for the system and the people in it, at least
    /// 512 MiB, but never more than half.
    var agentMemory: Int { memory - min(memory / 2, max(memory / 5, 512 << 20)) }

    /// Bytes of memory for a process that looks through a project: several times what the largest one takes that is
    /// looked at whole (some 150 MiB, of names alone); less in a small VM.
    var lookMemory: Int { min(1 << 30, max(memory / 2, 256 << 20)) }

    /// Processes and threads for all sessions of agents together: half of what there are.
    var agentTasks: Int { tasks / 2 }

    /// A session's limits, with what follows from the size of the VM where nothing was asked for.
    func complete(_ limits: SessionLimits) -> SessionLimits {
        var complete = limits
        complete.memory = min(limits.memory ?? .max, agentMemory)
        complete.tasks = min(limits.tasks ?? Self.usualTasks, agentTasks)
        return complete
    }

    /// More than the largest parallel builds start, few enough to stop a fork bomb at once.
    private static let usualTasks = 4096
}
