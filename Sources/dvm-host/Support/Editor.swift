internal import DVMProtocol
internal import Subprocess

/// The person's editor, run on the terminal dvm was started on.
struct Editor: Hashable, Sendable {
    /// The program and its first arguments: `code -w` is two words.
    let words: [String]
    /// The variable it was named in.
    let variable: String

    /// The editor that `VISUAL` or `EDITOR` names; nothing when neither does.
    init?(_ environment: HostEnvironment) {
        for variable in ["VISUAL", "EDITOR"] {
            let words = (environment[variable] ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
            guard !words.isEmpty else { continue }
            self.words = words
            self.variable = variable
            return
        }
        return nil
    }

    /// The editor as people wrote it.
    var text: String { words.joined(separator: " ").printable }

    /// Opens a file, and waits until the editor has ended.
    ///
    /// - Throws: a `Refusal` that says why nothing was edited; the file is as it was.
    func open(_ path: FilePath, with variables: [String: String]) async throws {
        let kept = "\(path.shown) is written; open it yourself, or correct \(variable)"
        let program = words[0].contains("/") ? FilePath(words[0]) : HostEnvironment(variables).find(program: words[0])
        guard let program, Files.isExecutable(program) else {
            throw Refusal("\(variable) is “\(text)”, and there is no program “\(words[0].printable)”", hint: kept)
        }
        let exit: Exit
        do {
            exit = try await run(program, Array(words.dropFirst()) + [path.string], variables)
        } catch let error as SubprocessError {
            throw Refusal("the editor “\(text)” cannot be started: \("\(error)".printable)", hint: kept)
        }
        guard exit == .exited(0) else {
            throw Refusal("the editor “\(text)” ended with status \(exit.status)", hint: kept)
        }
    }

    private func run(_ program: FilePath, _ arguments: [String], _ variables: [String: String]) async throws -> Exit {
        // Ctrl-C and Ctrl-\ are typed to the editor. A handler, not SIG_IGN: the editor would inherit that.
        let signals = [SIGINT, SIGQUIT]
        for number in signals { signal(number) { _ in } }
        defer {
            // Ignoring it takes back one that was sent to the editor and has not been delivered to us.
            for number in signals {
                signal(number, SIG_IGN)
                signal(number, SIG_DFL)
            }
        }
        let result = try await Subprocess.run(
            .path(program),
            arguments: Arguments(arguments),
            environment: .exactly(variables),
            input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false),
            output: .fileDescriptor(.standardOutput, closeAfterSpawningProcess: false),
            error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
        )
        return Exit(result.terminationStatus)
    }
}
