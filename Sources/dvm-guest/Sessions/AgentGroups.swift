internal import DVMProtocol

/// Where the sessions of agents are in the VM's tree of control groups.
///
/// `agents` below `dvm` (`VMGroups`) has one group a session, with the session's limits. systemd cannot take a controller
/// back from the tree while a group below uses it.
enum AgentGroups {
    private static let tree = VMGroups.tree
    private static let controllers = ["memory", "pids", "cpu"]

    /// The group of all sessions.
    private static var all: FilePath { VMGroups.ours.appending("agents") }

    /// Makes the group of a session.
    ///
    /// - Throws: a `Refusal` when a limit that was asked for cannot be kept. One that follows from the size of the VM is
    ///   left out where the kernel has no controller for it, which `doctor` tells.
    static func make(_ session: SessionID, _ limits: SessionLimits, asked: SessionLimits) throws(Refusal)
        -> ControlGroup
    {
        let tree = ControlGroup(tree)
        let all = try ControlGroup(making: all)
        let available = Set(tree.words("cgroup.controllers"))
        try checkKept(asked, missing)
        for controller in controllers where available.contains(controller) {
            for group in [tree, ControlGroup(VMGroups.ours), all] {
                try group.set("cgroup.subtree_control", "+\(controller)")
            }
        }
        let group = try ControlGroup(making: Self.all.appending(session.text))
        if available.contains("memory") {
            // Together they leave room for everything else in the VM, however many there are.
            try all.set("memory.max", "\(VMSize.read().agentMemory)")
            try group.set("memory.max", limits.memory.map { "\($0)" } ?? "max")
            // A session that is out of memory ends as a whole: half a tool that goes on is worse.
            try group.set("memory.oom.group", "1")
            // Swapping would make the whole VM slow before the limit does anything; there is no file without swap.
            try? group.set("memory.swap.max", "0")
        }
        if available.contains("pids") {
            try all.set("pids.max", "\(VMSize.read().agentTasks)")
            try group.set("pids.max", limits.tasks.map { "\($0)" } ?? "max")
        }
        if available.contains("cpu") {
            // Half the usual 100: when agents and people both want the processor, people get two thirds of it.
            try all.set("cpu.weight", "50")
            if let hundredths = limits.processorHundredths {
                // Microseconds of processor in every 100,000.
                try group.set("cpu.max", "\(hundredths * 1000) 100000")
            }
        }
        return group
    }

    /// The controllers this VM's kernel does not have.
    static var missing: [String] {
        let available = Set(ControlGroup(tree).words("cgroup.controllers"))
        return controllers.filter { !available.contains($0) }
    }

    /// The group of a session that was made before.
    static func of(_ session: SessionID) -> ControlGroup { ControlGroup(all.appending(session.text)) }

    private static func checkKept(_ asked: SessionLimits, _ missing: [String]) throws(Refusal) {
        let wanted = [
            ("memory", asked.memory, "DVM_AI_MEMORY"), ("pids", asked.tasks, "DVM_AI_TASKS"),
            ("cpu", asked.processorHundredths, "DVM_AI_CPUS"),
        ]
        for (controller, value, variable) in wanted where value != nil && missing.contains(controller) {
            throw Refusal(
                "this VM's kernel cannot keep \(variable): it has no controller “\(controller)” for control groups",
                hint: "take \(variable) out of the VM's configuration, or boot a kernel that has it"
            )
        }
    }
}
