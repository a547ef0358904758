internal import DVMProtocol
internal import Glibc

/// The commands by which people in the VM start AI tools, and this program under its short name.
enum Wrappers {
    /// Where this program is installed, by the host.
    static let program = "/usr/local/libexec/dvm/dvm-guest"

    private static let directory: FilePath = "/usr/local/bin"
    private static let mark = "# Written by dvm; `dvm sync` replaces it."

    static func install() throws(Refusal) -> Bool {
        var changed = try write("dvm-guest", "exec \(program) \"$@\"")
        for tool in Tool.all { changed = try write(tool.name, "exec \(program) ask \(tool.name) -- \"$@\"") || changed }
        return changed
    }

    private static func write(_ name: String, _ line: String) throws(Refusal) -> Bool {
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
}
