internal import DVMProtocol

/// Gets secrets from where they are, at the last moment.
struct SecretReader: Sendable {
    var environment: HostEnvironment
    /// What programs on this computer do not get; a command that prints one secret is not handed the others.
    var withheld: Set<String>
    /// How long a command may take: somebody may have to find a key or type a word.
    var time: Duration = .seconds(300)

    /// The value of a secret.
    ///
    /// - Throws: a `Refusal` that names the secret and where it should have come from, and nothing of its value.
    func read(_ secret: String, from source: SecretSource) async throws -> String {
        let bytes =
            switch source {
            case .command(let words): try await output(of: words, for: secret)
            case .variable, .file: try stored(secret, at: source)
            }
        return try Self.value(bytes, of: secret, from: source)
    }

    /// What a secret's digest is made of: its value where that lies ready, else the command that prints it.
    ///
    /// - Throws: a `Refusal` as `read` has it.
    func distinction(_ secret: String, from source: SecretSource) throws(Refusal) -> [UInt8] {
        switch source {
        case .command(let words): Array("command\n\(words)".utf8)
        case .variable, .file:
            Array("value\n".utf8) + Array(try Self.value(stored(secret, at: source), of: secret, from: source).utf8)
        }
    }

    private func stored(_ secret: String, at source: SecretSource) throws(Refusal) -> [UInt8] {
        switch source {
        case .variable(let name): Array((environment[name] ?? "").utf8)
        case .file(let path): try Self.contents(of: path, for: secret)
        case .command: []
        }
    }

    /// Refuses a value that could not be handed on as it is.
    private static func value(_ bytes: [UInt8], of secret: String, from source: SecretSource) throws(Refusal) -> String
    {
        var bytes = bytes
        // The end of the only line, which every editor and every `echo` adds.
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        let place = "the secret \(secret) from \(source.text)"
        guard !bytes.isEmpty else { throw Refusal("\(place) is empty", hint: "look at what it should come from") }
        guard bytes.count <= SecretSource.largest else {
            throw Refusal("\(place) is longer than \(SecretSource.largest / 1024) KiB", hint: "is it the right one?")
        }
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw Refusal("\(place) is no text", hint: "encode it, such as with base64, and decode it in the recipe")
        }
        return text
    }

    /// Reads a file that nobody but the person can read.
    private static func contents(of path: FilePath, for secret: String) throws(Refusal) -> [UInt8] {
        let place = "\(path.shown), which should hold the secret \(secret),"
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            defer { try? file.close() }
            let status = try FileStatus(of: file)
            guard status.kind == .file else { throw Refusal("\(place) is no file", hint: "name a file") }
            guard [0, UInt32(geteuid())].contains(status.owner) else {
                throw Refusal(
                    "\(place) belongs to another user (uid \(status.owner))",
                    hint: "use a file of your own"
                )
            }
            guard status.mode & 0o077 == 0 else {
                throw Refusal(
                    "\(place) can be read or changed by other users",
                    hint: "repair it with `chmod go= \(path.quoted)`"
                )
            }
            return try Files.read(file, limit: SecretSource.largest + 2)
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal("\(place) cannot be read: \(error)", hint: "see `ls -l \(path.quoted)`")
        }
    }

    /// Runs a command on the person's terminal, where it may ask for a word or a key.
    private func output(of words: String, for secret: String) async throws -> [UInt8] {
        let command = "the command for the secret \(secret)"
        let outcome: BoundedRun.Outcome
        do {
            outcome = try await BoundedRun(
                executable: "/bin/sh",
                arguments: ["-c", words],
                environment: environment.forPrograms(without: withheld),
                time: time,
                output: SecretSource.largest + 2,
                isOnTerminal: true
            )()
        } catch BoundedRun.Failure.tooSlow {
            throw Refusal("\(command) took too long and was ended", hint: "run it yourself and see what it waits for")
        } catch BoundedRun.Failure.tooMuchOutput {
            throw Refusal(
                "\(command) prints more than \(SecretSource.largest / 1024) KiB",
                hint: "is it the right one?"
            )
        } catch BoundedRun.Failure.notStarted(let why) {
            throw Refusal("\(command) cannot be started: \(why.printable)")
        }
        guard outcome.succeeded else {
            throw Refusal("\(command) failed with status \(outcome.exit.status)", hint: "run it yourself to see why")
        }
        return outcome.output
    }
}
