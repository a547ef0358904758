internal import DVMProtocol

/// The commands by which people in the VM start AI tools, and this program under its short name.
enum Wrappers {
    /// Where this program is installed, by the host.
    static let program = "/usr/local/libexec/dvm/dvm-guest"

    /// What a wrapper starts with, by which it is known again.
    private static let mark = "# Written by dvm; `dvm sync` replaces it."

    /// Writes the commands of these tools into a directory, and removes those of tools there were.
    ///
    /// A tool of a person's own must not hide a program of the system directories, which come later in a search path.
    ///
    /// - Throws: a `Refusal` that names a file that is somebody else's.
    static func install(
        for tools: [Tool],
        in directory: FilePath = "/usr/local/bin",
        system: [FilePath] = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
    ) throws(Refusal) -> Bool {
        for tool in tools { try checkHides(nothingBut: tool, in: system) }
        var changed = try write("dvm-guest", "exec \(program) \"$@\"", in: directory)
        for tool in tools {
            for command in tool.commands {
                changed = try write(command, ask(tool), in: directory) || changed
            }
        }
        let kept = Set(tools.flatMap(\.commands))
        for name in try Directories.entries(directory).compactMap(\.lastComponent?.string) where !kept.contains(name) {
            changed = try remove(name, in: directory) || changed
        }
        return changed
    }

    private static func ask(_ tool: Tool) -> String { "exec \(program) ask \(tool.name) -- \"$@\"" }

    /// Refuses a tool of a person's own whose command would run in place of a program of the system.
    private static func checkHides(nothingBut tool: Tool, in system: [FilePath]) throws(Refusal) {
        guard !Tool.all.contains(tool) else { return }
        for directory in system {
            let path = directory.appending(tool.name)
            guard Status.of(path) != nil, !tool.programs.contains(path.string) else { continue }
            throw Refusal(
                "the tool \(tool.name) would hide \(path) of the VM",
                hint: "rename its file in ~/.config/dvm/tools, or say `program: \(path)` there if that is the tool"
            )
        }
    }

    private static func write(_ name: String, _ line: String, in directory: FilePath) throws(Refusal) -> Bool {
        let path = directory.appending(name)
        if Status.of(path) != nil, (try? TextFile.read(path))?.contains(mark) != true {
            throw Refusal(
                "\(path) in the VM is not dvm's, so the wrapper for \(name) cannot be put there",
                hint: "move it away: what it starts runs outside the agent's sandbox"
            )
        }
        return try TextFile.write(
            "#!/bin/sh\n\(mark)\n\(line)\n",
            to: path,
            mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
        )
    }

    /// Removes the command of a tool that is gone; leaves everything else.
    private static func remove(_ name: String, in directory: FilePath) throws(Refusal) -> Bool {
        let path = directory.appending(name)
        // Only a small file can be one of ours, and only what asks for a tool was a tool's.
        guard let status = Status.of(path), status.isRegular, let text = try? TextFile.read(path),
            text.hasPrefix("#!/bin/sh\n\(mark)\nexec \(program) ask ")
        else { return false }
        try Status.remove(path)
        return true
    }
}
