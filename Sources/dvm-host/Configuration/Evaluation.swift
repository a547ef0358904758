internal import DVMProtocol

/// What bash makes of the configuration files of one VM.
///
/// Each VM is evaluated by a bash of its own that starts with exactly `HOME USER PATH LANG DVM_NAME`, so nothing of the
/// caller's environment and nothing of another VM gets in, and only the variables it ends with come out.
struct Evaluation: Sendable {
    /// A variable's value as bash has it.
    enum Value: Hashable, Sendable {
        case text(String)
        case list([String])
    }

    /// The variables after a file.
    typealias Variables = [String: Value]

    /// What came out.
    struct Result: Hashable, Sendable {
        /// The variables after each file, in the order of the files.
        var stages: [Variables]
        /// The recipes the files asked for with `use`, in order.
        var uses: [Use] = []
        /// What the files printed, for the person: their output is not data.
        var printed: [String]
    }

    /// A recipe asked for with `use`.
    struct Use: Hashable, Sendable {
        var recipe: String
        var path: FilePath
        var line: Int
    }

    var bash: FilePath
    var environment: [String: String]
    /// Where the files are, and where bash is started.
    var directory: FilePath
    var time: Duration = .seconds(10)

    /// An evaluation for a VM.
    ///
    /// - Throws: a `Refusal` when there is no bash.
    init(of vm: MachineName, in directory: FilePath, environment host: HostEnvironment) throws(Refusal) {
        let usual = FilePath("/bin/bash")
        guard let bash = Files.isExecutable(usual) ? usual : host.find(program: "bash") else {
            throw Refusal("there is no bash to read the configuration with", hint: "install bash")
        }
        self.bash = bash
        self.directory = directory
        environment = [
            "HOME": host["HOME"] ?? "/",
            "USER": host["USER"] ?? host["LOGNAME"] ?? "",
            "PATH": host["PATH"] ?? "/usr/bin:/bin",
            "LANG": host["LANG"] ?? "C",
            "DVM_NAME": vm.text,
        ]
    }

    /// Evaluates `config.sh` and a VM's file, in this order, with `use` for the recipes on a shelf.
    ///
    /// - Throws: a `Refusal` naming the file and where possible the line.
    func evaluate(_ files: [TrustedFiles.File], with shelf: RecipeShelf = RecipeShelf()) async throws -> Result {
        for file in files {
            try Self.checkLineEnds(of: file)
            try await checkSyntax(of: file)
        }

        let names = shelf.names.map { " \($0)" }.joined() + " "
        let secrets = Set(shelf.sound.flatMap(\.header.secrets).map(SecretVariable.plain)).sorted()
        let arguments = [
            "--noprofile", "--norc", "-c", Self.driver, "dvm", "\(files.count)", names, secrets.joined(separator: " "),
        ]
        let outcome: BoundedRun.Outcome
        do {
            outcome = try await bash(arguments, input: files.flatMap { $0.bytes + [0] })
        } catch let failure as BoundedRun.Failure {
            guard case .tooSlow(let output?) = failure else { throw Self.refusal(for: failure, files) }
            throw Self.refusal(for: failure, Self.unread(files, after: output, with: shelf))
        }
        let printed = outcome.errorText.split(separator: "\n").map { Self.naming(files, in: String($0)) }
        var dump = EvaluationDump(outcome.output, of: files, shelf: shelf)
        do throws(EvaluationDump.Stop) {
            try dump.read()
        } catch {
            throw error.refusal(files, exit: outcome.exit, printed: printed)
        }
        return Result(stages: dump.stages, uses: dump.uses, printed: printed)
    }

    /// Refuses the line ends of Windows: bash would take the carriage return for part of every last word.
    static func checkLineEnds(of file: TrustedFiles.File) throws(Refusal) {
        let lines = file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let index = lines.firstIndex(where: { $0.last == UInt8(ascii: "\r") }) else { return }
        throw Refusal(
            "\(file.path.shown):\(index + 1): the line ends with a carriage return, as lines do on Windows",
            hint: "save the file with the line ends of Unix, such as with `sed -i.bak 's/\\r$//' \(file.path.quoted)`"
        )
    }

    /// Of some files the one that was being read when bash had said this; all of them where that cannot be told.
    private static func unread(
        _ files: [TrustedFiles.File],
        after output: [UInt8],
        with shelf: RecipeShelf
    ) -> [TrustedFiles.File] {
        var dump = EvaluationDump(output, of: files, shelf: shelf)
        // What follows a file's variables is cut off, which is no news here.
        try? dump.read()
        return files.indices.contains(dump.stages.count) ? [files[dump.stages.count]] : files
    }

    /// Lets bash read a file without running it.
    private func checkSyntax(of file: TrustedFiles.File) async throws {
        let outcome: BoundedRun.Outcome
        do {
            // extglob: a file may switch it on for itself, and only then use its patterns.
            outcome = try await bash(["--noprofile", "--norc", "-O", "extglob", "-n"], input: file.bytes)
        } catch let failure as BoundedRun.Failure {
            throw Self.refusal(for: failure, [file])
        }
        guard !outcome.succeeded else { return }
        let said = outcome.errorText.split(separator: "\n").first.map(String.init) ?? "bash cannot read it"
        // “bash: line 3: syntax error near …”: shown as file:line where bash says it this way, else as it is.
        var place = file.path.shown
        var message = said
        if let found = said.firstRange(of: "line "), let colon = said[found.upperBound...].firstIndex(of: ":"),
            Int(said[found.upperBound..<colon]) != nil
        {
            place += ":\(said[found.upperBound..<colon])"
            message = String(said[said.index(after: colon)...].drop { $0 == " " })
        }
        throw Refusal("\(place): \(message)", hint: "correct it; the file is read as Bash")
    }

    private func bash(_ arguments: [String], input: [UInt8]) async throws -> BoundedRun.Outcome {
        try await BoundedRun(
            executable: bash,
            arguments: arguments,
            environment: environment,
            directory: directory,
            time: time
        )(input: input)
    }

    private static func refusal(for failure: BoundedRun.Failure, _ files: [TrustedFiles.File]) -> Refusal {
        let names = files.map(\.path.shown).joined(separator: " and ")
        return switch failure {
        case .notStarted(let why): Refusal("bash cannot be started to read \(names): \(why)")
        case .tooSlow:
            Refusal(
                "reading \(names) took too long and was ended",
                hint: "configuration only sets variables: take out what waits, asks or downloads"
            )
        case .tooMuchOutput:
            Refusal("too much is printed by \(names)", hint: "configuration only sets variables: take out what prints")
        }
    }

    /// Bash calls the files by the descriptors it reads them from; people know their paths.
    private static func naming(_ files: [TrustedFiles.File], in line: String) -> String {
        for (index, file) in files.enumerated() {
            let start = "\(device(index)): line "
            guard line.hasPrefix(start) else { continue }
            return "\(file.path.shown):\(line.dropFirst(start.count))"
        }
        return line
    }

    private static func device(_ index: Int) -> String { "/dev/fd/\(3 + index)" }

    /// The file that bash reads from a descriptor.
    static func file(at device: String, among files: [TrustedFiles.File]) -> TrustedFiles.File? {
        files.indices.first { Self.device($0) == device }.map { files[$0] }
    }
}
