internal import DVMProtocol
internal import Subprocess

/// A program of the person's desktop, started because they asked for it by name; its words are never a guest's.
struct DesktopProgram: Hashable, Sendable {
    var executable: FilePath

    /// What opens a page in the person's browser.
    ///
    /// - Throws: a `Refusal` when there is none.
    static func opener(_ environment: HostEnvironment) throws(Refusal) -> Self {
        #if canImport(Darwin)
        return Self(executable: "/usr/bin/open")
        #else
        guard let found = environment.find(program: "xdg-open") else {
            throw Refusal(
                "there is no xdg-open on PATH, which opens pages in a browser",
                hint: "install xdg-utils, or open the address that `dvm ports` shows yourself"
            )
        }
        return Self(executable: found)
        #endif
    }

    /// The editor that `DVM_CODE` names, or `code`.
    ///
    /// - Throws: a `Refusal` when there is none.
    static func editor(_ environment: HostEnvironment) throws(Refusal) -> Self {
        let name = environment["DVM_CODE"] ?? "code"
        if name.hasPrefix("/"), Files.isExecutable(FilePath(name)) { return Self(executable: FilePath(name)) }
        guard !name.contains("/"), let found = environment.find(program: name) else {
            throw Refusal(
                environment["DVM_CODE"] == nil
                    ? "there is no `code` on PATH, the command of Visual Studio Code"
                    : "DVM_CODE names “\(name.printable)”, which is no program on PATH",
                hint: "in the editor, run “Shell Command: Install 'code' command in PATH”; DVM_CODE can name another "
                    + "that takes --remote, such as codium or cursor"
            )
        }
        return Self(executable: found)
    }

    /// Starts it and waits until it ends, which programs that hand on to a running one do at once.
    ///
    /// - Throws: a `Refusal` when it cannot be started or fails.
    func run(_ arguments: [String], environment: [String: String]) async throws {
        let exit: Exit
        do {
            let result = try await Subprocess.run(
                .path(executable),
                arguments: Arguments(arguments),
                environment: .exactly(environment),
                // What it says is talk: standard output is for dvm's data.
                output: .fileDescriptor(.standardError, closeAfterSpawningProcess: false),
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
            )
            exit = Exit(result.terminationStatus)
        } catch let error as SubprocessError {
            throw Refusal("\(executable.shown) cannot be started: \("\(error)".printable)")
        }
        guard exit == .exited(0) else { throw Refusal("\(executable.shown) failed with status \(exit.status)") }
    }
}
