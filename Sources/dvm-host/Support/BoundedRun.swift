internal import DVMProtocol
internal import Subprocess

/// A program run to its end, bounded in time and in what it may say.
struct BoundedRun: Sendable {
    var executable: FilePath
    var arguments: [String]
    var environment: [String: String]
    var directory: FilePath?
    /// The longest it may take.
    var time: Duration
    /// The most bytes it may write to each stream.
    var output = 256 * 1024
    /// Whether it may use the person's terminal, beside its output, which is still ours.
    var isOnTerminal = false

    struct Outcome: Hashable, Sendable {
        var exit: Exit
        var output: [UInt8]
        var errors: [UInt8]

        var succeeded: Bool { exit == .exited(0) }
        /// What went to standard error, made harmless.
        var errorText: String { String(decoding: errors, as: UTF8.self).printableLines }
    }

    /// Why there is no outcome.
    enum Failure: Error, Hashable {
        case notStarted(String)
        /// It was ended, with what it had written to standard output by then, as far as that is known.
        case tooSlow(output: [UInt8]? = nil)
        case tooMuchOutput
    }

    /// Runs it with some bytes as its standard input.
    ///
    /// - Throws: a `Failure`, or `CancellationError`.
    func callAsFunction(input: [UInt8] = []) async throws -> Outcome {
        try await Self.within(time) {
            do {
                return isOnTerminal ? try await runOnTerminal() : try await runAlone(input)
            } catch let error as SubprocessError {
                if error.code == .outputLimitExceeded { throw Failure.tooMuchOutput }
                throw Failure.notStarted("\(error)")
            }
        } late: {
            .tooSlow(output: $0.output)
        }
    }

    private func runAlone(_ input: [UInt8]) async throws -> Outcome {
        var group: Int32 = 0
        defer { RunningGroups.remove(group) }
        let result = try await run(
            .path(executable),
            arguments: Arguments(arguments),
            environment: .exactly(environment),
            workingDirectory: directory,
            platformOptions: .ownGroup,
            input: .array(input),
            output: .bytes(limit: output),
            error: .bytes(limit: output)
        ) { execution in
            group = execution.processIdentifier.value
            RunningGroups.add(group)
        }
        return Outcome(
            exit: Exit(result.terminationStatus),
            output: result.standardOutput,
            errors: result.standardError
        )
    }

    /// In our process group: another one may not read from the terminal.
    private func runOnTerminal() async throws -> Outcome {
        let result = try await run(
            .path(executable),
            arguments: Arguments(arguments),
            environment: .exactly(environment),
            workingDirectory: directory,
            platformOptions: .polite,
            input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false),
            output: .bytes(limit: output),
            error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
        )
        return Outcome(exit: Exit(result.terminationStatus), output: result.standardOutput, errors: [])
    }

    /// Does something that ends when it is cancelled, for as long as a time limit allows.
    ///
    /// - Throws: what it throws itself, `Failure.tooSlow`, or what is made of a value that it came to only when its time
    ///   was over.
    static func within<Value: Sendable>(
        _ time: Duration,
        _ body: @escaping @Sendable () async throws -> Value,
        late: (Value) -> Failure = { _ in .tooSlow() }
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: time)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else {
                group.cancelAll()
                guard let last = try? await group.next(), let value = last else { throw Failure.tooSlow() }
                throw late(value)
            }
            try Task.checkCancellation()
            return value
        }
    }
}

extension Subprocess.Environment {
    /// These variables and no others.
    static func exactly(_ variables: [String: String]) -> Self {
        .custom(variables.map { Array("\($0.key)=\($0.value)".utf8) + [0] })
    }
}

extension PlatformOptions {
    /// A process group of its own, so that a time limit ends a program's children too.
    static var ownGroup: Self {
        var options = Self()
        options.processGroupID = 0
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .milliseconds(500))
        ]
        return options
    }
}

extension PlatformOptions {
    /// In our process group, so that Ctrl-C reaches it as if it had been typed to it; ended gently otherwise.
    static var polite: Self {
        var options = Self()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
        return options
    }
}

extension Exit {
    /// How a program of this host ended.
    init(_ status: TerminationStatus) {
        self =
            switch status {
            case .exited(let code): .exited(UInt8(truncatingIfNeeded: code))
            case .signaled(let signal): .signaled(UInt8(truncatingIfNeeded: signal))
            }
    }
}
