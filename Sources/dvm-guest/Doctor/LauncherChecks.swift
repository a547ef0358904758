internal import DVMProtocol

/// The way a session is started: nobody but root may have changed it.
enum LauncherChecks {
    static func checks() -> [DoctorReport.Check] {
        [
            program,
            socket("agents' socket", AgentSocket.path, for: "the VM's user"),
            socket("host's door", DoorSocket.path, for: "the account \(ControlAccount.name)"),
            limits,
        ] + tools + [ToolFiles.check()].compactMap(\.self)
    }

    private static var program: DoctorReport.Check { rootsFile("guest program", FilePath(Wrappers.program)) }

    private static func socket(_ name: String, _ path: FilePath, for owner: String) -> DoctorReport.Check {
        let holds = Status.of(path).map { $0.mode & 0o077 == 0 } ?? false
        return DoctorReport.Check(
            name,
            holds ? .pass : .fail,
            holds ? "open to \(owner) only" : "missing, or open to others",
            remedy: holds ? nil : "run `dvm sync` for this VM on the host"
        )
    }

    /// Whether the kernel keeps what a session may use within limits.
    private static var limits: DoctorReport.Check {
        let missing = AgentGroups.missing
        return DoctorReport.Check(
            "session limits",
            missing.isEmpty ? .pass : .warn,
            missing.isEmpty
                ? "memory, processes and processor" : "the kernel cannot limit \(missing.joined(separator: ", "))",
            remedy: missing.isEmpty ? nil : "boot the VM with control groups of version 2 and all of these controllers"
        )
    }

    /// Tools that are installed; an agent that can rewrite its own program persists.
    private static var tools: [DoctorReport.Check] {
        let tools = (try? Settings.read())?.tools ?? Tool.all
        return tools.compactMap { tool in installedProgram(of: tool).map { rootsFile("tool \(tool.name)", $0) } }
    }

    /// Where the program of a tool is installed; nothing where it is not.
    static func installedProgram(of tool: Tool) -> FilePath? {
        tool.programs.map { FilePath($0) }.first { Status.of($0) != nil }
    }

    /// Whether a file and every directory above it can be changed by root only.
    private static func rootsFile(_ name: String, _ path: FilePath) -> DoctorReport.Check {
        var current = path
        while true {
            guard let status = Status.of(current) else {
                return Diagnosis.failed(name, Refusal("\(current) is missing"))
            }
            // A link's own mode means nothing; whoever may replace it is asked above it.
            guard status.uid == 0, status.isSymbolicLink || !status.isWritableByOthers else {
                return Diagnosis.failed(name, Refusal("\(current) can be changed by others than root"))
            }
            guard current.removeLastComponent() else { break }
        }
        return DoctorReport.Check(name, .pass, "root's, all the way up")
    }
}
