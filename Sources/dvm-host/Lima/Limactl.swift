internal import DVMProtocol
internal import Subprocess

/// Lima's program: nothing outside this folder starts it or knows its arguments.
struct Limactl: Sendable {
    let executable: FilePath
    private let environment: [String: String]

    /// The `limactl` that `DVM_LIMACTL` names, or the first on `PATH`.
    ///
    /// - Throws: a `Refusal` that says how to install Lima.
    init(_ environment: HostEnvironment, withholding names: Set<String> = []) throws(Refusal) {
        self.environment = environment.forPrograms(without: names)
        guard let name = environment["DVM_LIMACTL"] else {
            guard let found = environment.find(program: "limactl") else {
                throw Refusal("limactl is not on PATH", hint: Self.installation)
            }
            executable = found
            return
        }
        if name.contains("/") {
            let path = FilePath(name)
            guard Files.isExecutable(path) else {
                throw Refusal("DVM_LIMACTL names \(path.shown), which is not a program", hint: Self.installation)
            }
            executable = path
        } else {
            guard let found = environment.find(program: name) else {
                throw Refusal("DVM_LIMACTL names \(name.printable), which is not on PATH", hint: Self.installation)
            }
            executable = found
        }
    }

    private static let installation =
        "install Lima \(LimaTemplate.oldestLima) or newer: `brew install lima` with Homebrew on macOS or Linux, "
        + "else see https://lima-vm.io/docs/installation/; DVM_LIMACTL can name a limactl elsewhere"

    /// Which version it is.
    ///
    /// - Throws: a `Refusal` when it is too old to be safe, or does not say.
    func checkVersion() async throws -> LimaVersion {
        let outcome = try await ask(["--version"])
        let said = String(decoding: outcome.output, as: UTF8.self)
        guard outcome.succeeded, let version = LimaVersion(statement: said) else {
            throw Refusal(
                "\(executable.shown) does not say which version it is: \(String(said.prefix(200)).printable)",
                hint: Self.installation
            )
        }
        guard version >= LimaTemplate.oldestLima else {
            throw Refusal(
                "Lima \(version) lets any user in a VM become its root (CVE-2026-53657)",
                hint: "update to Lima \(LimaTemplate.oldestLima) or newer, with Homebrew: `brew upgrade lima`"
            )
        }
        return version
    }

    /// All instances, dvm's and others.
    ///
    /// - Throws: a `Refusal` with what limactl said.
    func list() async throws -> [LimaInstance] {
        let outcome = try await ask(["list", "--tty=false", "--json"])
        guard outcome.succeeded else { throw failure("list", outcome) }
        return try LimaInstance.list(outcome.output)
    }

    /// One instance; nothing when Lima does not know it.
    ///
    /// - Throws: a `Refusal` with what limactl said.
    func instance(of vm: MachineName) async throws -> LimaInstance? {
        let outcome = try await ask(["list", "--tty=false", "--json", vm.instance])
        // An unknown name is status 1, and so is trouble. The whole list tells them apart without reading messages.
        let instances = outcome.succeeded ? try LimaInstance.list(outcome.output) : try await list()
        return instances.first { $0.name == vm.instance }
    }

    /// The snapshots of an instance.
    ///
    /// - Throws: a `Refusal` with what limactl said.
    func snapshots(of vm: MachineName) async throws -> [Snapshot] {
        let outcome = try await ask(["snapshot", "list", "--tty=false", vm.instance])
        guard outcome.succeeded else { throw failure("snapshot list", outcome) }
        return Snapshot.list(String(decoding: outcome.output, as: UTF8.self))
    }

    /// What changes an instance.
    enum Verb: Hashable, Sendable {
        case create(template: FilePath)
        case start
        case stop(force: Bool)
        case edit(expression: String)
        case delete
        case clone(to: MachineName)
        case snapshot(SnapshotAction, SnapshotName)

        fileprivate func arguments(_ instance: String) -> [String] {
            switch self {
            case .create(let template): ["create", "--tty=false", "--name", instance, template.string]
            case .start: ["start", "--tty=false", instance]
            case .stop(let force): ["stop", "--tty=false"] + (force ? ["--force"] : []) + [instance]
            case .edit(let expression): ["edit", "--tty=false", "--set", expression, instance]
            case .delete: ["delete", "--tty=false", "--force", instance]
            case .snapshot(let action, let name):
                ["snapshot", action.rawValue, "--tty=false", instance, "--tag", name.text]
            case .clone(let copy): ["clone", "--tty=false", instance, copy.instance]
            }
        }

        /// Whether Ctrl-C reaches it: not while it writes to a disk that would be none when that stopped in the middle.
        fileprivate var options: PlatformOptions {
            if case .snapshot = self { return .ownGroup }
            return .polite
        }

        /// Images are downloaded by `create` or `start`, and a slow network is no reason to give up; nor is a large disk.
        fileprivate var time: Duration {
            switch self {
            case .create, .start, .clone: .seconds(3600)
            // Lima itself waits three minutes for a VM that is still booting.
            case .stop, .edit, .delete, .snapshot: .seconds(600)
            }
        }
    }

    /// Does something to an instance, its output going to a log and, as it comes, to whoever wants to see it.
    ///
    /// - Throws: a `Refusal` with limactl's last words and the log's path.
    func perform(
        _ verb: Verb,
        on vm: MachineName,
        log: Log,
        follow: (@Sendable ([UInt8]) -> Void)? = nil
    ) async throws {
        let arguments = verb.arguments(vm.instance)
        log.note("$ limactl \(arguments.joined(separator: " "))")
        let start = log.size
        let exit: Exit
        do {
            exit = try await BoundedRun.within(verb.time) {
                try await run(arguments, verb.options, into: log, from: start, follow)
            }
        } catch let failure as BoundedRun.Failure {
            throw refusal(for: failure, arguments[0], log: log)
        }
        guard exit == .exited(0) else {
            let words = Self.lastWords(log.lastLines(40, since: start))
            throw Refusal(
                "`limactl \(arguments[0])` failed for \(vm.instance) (status \(exit.status))"
                    + words.map { "\n\($0)" }.joined(),
                hint: "the whole output is in \(log.path.shown)"
            )
        }
    }

    /// How many bytes one invocation may leave in a log.
    private static let mostOutput = 16 << 20

    private func run(
        _ arguments: [String],
        _ options: PlatformOptions,
        into log: Log,
        from start: Int,
        _ follow: (@Sendable ([UInt8]) -> Void)?
    ) async throws -> Exit {
        try await withThrowingTaskGroup(of: Exit?.self) { group in
            group.addTask {
                // Into the file and not through a pipe: Lima's host agent may keep a pipe open as long as the VM runs.
                let output = FileDescriptorOutput.fileDescriptor(log.descriptor, closeAfterSpawningProcess: false)
                let result = try await Subprocess.run(
                    .path(executable),
                    arguments: Arguments(arguments),
                    environment: .exactly(environment),
                    platformOptions: options,
                    output: output,
                    error: .combinedWithOutput
                )
                return Exit(result.terminationStatus)
            }
            group.addTask {
                var seen = start
                func show() {
                    guard let follow, let new = try? Files.read(log.descriptor, from: seen, limit: 1 << 20) else {
                        return
                    }
                    seen += new.count
                    if !new.isEmpty { follow(new) }
                }
                while !Task.isCancelled {
                    show()
                    if log.size - start > Self.mostOutput { throw BoundedRun.Failure.tooMuchOutput }
                    try? await Task.sleep(for: .milliseconds(100))
                }
                show()
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let exit = first else { throw CancellationError() }
            group.cancelAll()
            // What was written last is shown before anything else is said.
            _ = try await group.next()
            return exit
        }
    }

    /// The command that reaches a VM by its login account; its last words are always constants of ours.
    ///
    /// `limactl shell` does not quote what is left of `=` in leading words, so nothing a person or a guest wrote may
    /// be among them: that travels in frames.
    func shell(_ vm: MachineName) -> @Sendable ([String]) -> GuestCommand {
        { words in
            GuestCommand(
                executable: executable,
                arguments: ["shell", "--workdir", "/", vm.instance] + words,
                environment: environment
            )
        }
    }

    /// Runs a verb that only answers.
    private func ask(_ arguments: [String]) async throws -> BoundedRun.Outcome {
        do {
            return try await BoundedRun(
                executable: executable,
                arguments: arguments,
                environment: environment,
                time: .seconds(60),
                output: 8 << 20
            )()
        } catch let failure as BoundedRun.Failure {
            throw refusal(for: failure, arguments[0], log: nil)
        }
    }

    private func refusal(for failure: BoundedRun.Failure, _ verb: String, log: Log?) -> Refusal {
        let hint = log.map { "its output is in \($0.path.shown)" } ?? "try `\(executable.quoted) \(verb)` yourself"
        return switch failure {
        case .notStarted(let why): Refusal("\(executable.shown) cannot be started: \(why.printable)", hint: hint)
        case .tooSlow: Refusal("`limactl \(verb)` took too long and was ended", hint: hint)
        case .tooMuchOutput: Refusal("`limactl \(verb)` said too much and was ended", hint: hint)
        }
    }

    private func failure(_ verb: String, _ outcome: BoundedRun.Outcome) -> Refusal {
        let lines = String(decoding: outcome.errors, as: UTF8.self).split(separator: "\n").map(String.init)
        return Refusal(
            "`limactl \(verb)` failed (status \(outcome.exit.status))"
                + Self.lastWords(lines).map { "\n\($0)" }.joined(),
            hint: "try `\(executable.quoted) \(verb)` yourself"
        )
    }

    /// What limactl meant to say, made harmless: the messages of its last errors, else its last lines.
    static func lastWords(_ lines: [String]) -> [String] {
        let errors = lines.filter { $0.contains("level=fatal") || $0.contains("level=error") }.compactMap(message)
        let words = errors.isEmpty ? lines.suffix(5).map { message($0) ?? $0 } : errors.suffix(3)
        return words.map { String($0.prefix(1000)).printable }
    }

    /// What a line of limactl's log is about; the line itself when it is something else.
    static func words(of line: String) -> String { message(line)?.printable ?? line }

    /// The text of `msg="…"` in a line of limactl's log.
    private static func message(_ line: String) -> String? {
        guard let start = line.firstRange(of: "msg=\"")?.upperBound else { return nil }
        var text = ""
        var isEscaped = false
        for character in line[start...] {
            if isEscaped {
                text.append(character == "n" ? " " : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                break
            } else {
                text.append(character)
            }
        }
        return text
    }
}
