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
        /// What the files printed, for the person: their output is not data.
        var printed: [String]
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

    /// Evaluates `config.sh` and a VM's file, in this order.
    ///
    /// - Throws: a `Refusal` naming the file and where possible the line.
    func evaluate(_ files: [TrustedFiles.File]) async throws -> Result {
        for file in files { try await checkSyntax(of: file) }

        var arguments = ["--noprofile", "--norc", "-c", Self.driver, "dvm"]
        arguments.append("\(files.count)")
        let outcome: BoundedRun.Outcome
        do {
            outcome = try await bash(arguments, input: files.flatMap { $0.bytes + [0] })
        } catch let failure as BoundedRun.Failure {
            throw Self.refusal(for: failure, files)
        }
        let printed = outcome.errorText.split(separator: "\n").map { Self.naming(files, in: String($0)) }
        do throws(Dump.Stop) {
            return Result(stages: try Dump(outcome.output).stages(files), printed: printed)
        } catch {
            throw error.refusal(files, exit: outcome.exit, printed: printed)
        }
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

    fileprivate static func device(_ index: Int) -> String { "/dev/fd/\(3 + index)" }
}

extension Evaluation {
    /// Run by bash 3.2 or newer with the number of files as `$1` and their texts on standard input, a NUL after each.
    ///
    /// The texts come this way because what was checked is what must run, and because arguments can be seen by
    /// everybody with `ps`. What the files print goes to standard error; the variables go to the real standard output.
    fileprivate static let driver = #"""
        # An endless loop outlives a dvm that was killed; not for long.
        ulimit -t 30 2>/dev/null
        for ((__dvm_file = 0; __dvm_file < $1; __dvm_file++)); do
          IFS= read -r -d '' "__dvm_texts[__dvm_file]"
        done
        exec 9>&1 1>&2 </dev/null
        set --

        __dvm_dump() {
          local __dvm_name __dvm_kind __dvm_value
          builtin printf 'stage\0' >&9
          for __dvm_name in "${!DVM_@}"; do
            __dvm_kind=$(builtin declare -p "$__dvm_name" 2>/dev/null) || continue
            __dvm_kind=${__dvm_kind#declare -}
            case ${__dvm_kind%% *} in
              *[aA]*)
                builtin eval "__dvm_values=(\"\${${__dvm_name}[@]}\")"
                builtin printf 'list\0%s\0%s\0' "$__dvm_name" "${#__dvm_values[@]}" >&9
                for __dvm_value in "${__dvm_values[@]}"; do builtin printf '%s\0' "$__dvm_value" >&9; done
                ;;
              *) builtin printf 'text\0%s\0%s\0' "$__dvm_name" "${!__dvm_name}" >&9 ;;
            esac
          done
        }

        # A name that is no command is most likely a misspelt one: said, not passed over.
        __dvm_failed() {
          [ "$1" = 127 ] || return 0
          builtin printf 'unknown\0%s\0%s\0%s\0' "$2" "$3" "$4" >&9
        }
        __dvm_guard() { builtin trap '__dvm_failed $? "${BASH_SOURCE[0]}" "$LINENO" "$BASH_COMMAND"' ERR; }

        set -E
        for ((__dvm_file = 0; __dvm_file < ${#__dvm_texts[@]}; __dvm_file++)); do
          __dvm_guard
          case $__dvm_file in
            0) builtin source /dev/fd/3 3<<<"${__dvm_texts[0]}" ;;
            1) builtin source /dev/fd/4 4<<<"${__dvm_texts[1]}" ;;
          esac
          # One file's options and traps are not the next one's, nor ours.
          builtin trap - ERR EXIT DEBUG RETURN
          builtin set +euxvfn
          __dvm_dump
        done
        builtin printf 'end\0' >&9
        """#
}

/// The records the driver writes.
private struct Dump {
    /// Why there are no variables.
    enum Stop: Error {
        case unknownCommand(device: String, line: String, command: String)
        case ended(stages: Int)

        func refusal(_ files: [TrustedFiles.File], exit: Exit, printed: [String]) -> Refusal {
            switch self {
            case .unknownCommand(let device, let line, let command):
                let file = files.indices.first { Evaluation.device($0) == device }.map { files[$0].path.shown }
                let word = command.split(separator: " ").first.map(String.init) ?? command
                return Refusal(
                    "\(file ?? "the configuration"):\(line.printable): there is no command “\(word.printable)”",
                    hint: "correct the name, or define it as a function in config.sh"
                )
            case .ended(let stages):
                let file = stages < files.count ? files[stages].path.shown : "the configuration"
                let last = printed.last.map { "\n\($0)" } ?? ""
                return Refusal(
                    "\(file) ended bash before its last line (status \(exit.status))\(last)",
                    hint: "take out `exit`, or the `set -e` under which a command failed"
                )
            }
        }
    }

    private var fields: ArraySlice<ArraySlice<UInt8>>

    init(_ bytes: [UInt8]) {
        fields = bytes.split(separator: 0, omittingEmptySubsequences: false)[...]
    }

    /// The variables after each file.
    func stages(_ files: [TrustedFiles.File]) throws(Stop) -> [Evaluation.Variables] {
        var rest = self
        var stages: [Evaluation.Variables] = []
        while let kind = rest.next() {
            switch kind {
            case "stage": stages.append([:])
            case "text":
                guard let name = rest.next(), let value = rest.next() else { throw .ended(stages: stages.count) }
                stages[safely: stages.count - 1]?[name] = .text(value)
            case "list":
                guard let name = rest.next(), let count = rest.next().flatMap(Int.init), count >= 0,
                    count <= rest.fields.count
                else { throw .ended(stages: stages.count) }
                stages[safely: stages.count - 1]?[name] = .list((0..<count).compactMap { _ in rest.next() })
            case "unknown":
                guard let device = rest.next(), let line = rest.next(), let command = rest.next() else {
                    throw .ended(stages: stages.count)
                }
                throw .unknownCommand(device: device, line: line, command: command)
            case "end" where stages.count == files.count: return stages
            default: throw .ended(stages: stages.count)
            }
        }
        throw .ended(stages: stages.count)
    }

    private mutating func next() -> String? { fields.popFirst().map { String(decoding: $0, as: UTF8.self) } }
}

extension Array {
    fileprivate subscript(safely index: Int) -> Element? {
        get { indices.contains(index) ? self[index] : nil }
        set { if let newValue, indices.contains(index) { self[index] = newValue } }
    }
}
