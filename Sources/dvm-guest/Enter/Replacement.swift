internal import DVMProtocol
internal import Glibc

/// A program this process is to become: its words and exactly its variables.
struct Replacement {
    let words: [String]
    let environment: [String: String]

    init(words: [String], environment: [String: String]) {
        self.words = words
        self.environment = environment
    }

    init(_ spawn: Spawn) { self.init(words: spawn.words, environment: spawn.environment) }

    /// Becomes the program, having said so.
    ///
    /// - Throws: a `Refusal` when it cannot be started; `serve` then drops what it was told before.
    func replace(_ report: ReportStream) throws(Refusal) -> Never {
        let name = words.first ?? ""
        let arguments = ArgumentList(words)
        let variables = ArgumentList(environment.map { "\($0)=\($1)" })
        // It runs when the report is closed after this; a refusal takes it back.
        report.send(Frame(.opened, channel: 0))
        var failure = Errno.noSuchFileOrDirectory
        for path in candidates(name) {
            unsafe execve(path, arguments.pointer, variables.pointer)
            // As a shell does: one that may not be run is the answer unless a later directory has one that may.
            let error = Errno(rawValue: errno)
            if error != .noSuchFileOrDirectory, error != .notDirectory { failure = error }
            guard error == .noSuchFileOrDirectory || error == .notDirectory || error == .permissionDenied else { break }
        }
        throw Self.refusal(name, failure)
    }

    /// Becomes a program at a path, with this process's variables.
    ///
    /// - Throws: a `Refusal` when it cannot be started.
    static func become(_ path: String, _ words: [String]) throws(Refusal) -> Never {
        let arguments = ArgumentList(words)
        unsafe execv(path, arguments.pointer)
        throw refusal(path, Errno(rawValue: errno))
    }

    /// Where to look for a program: at its path, or in every directory of `PATH`.
    func candidates(_ name: String) -> [String] {
        guard !name.contains("/") else { return [name] }
        // Empty entries mean the working directory to a shell; here they mean nothing.
        return (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/\(name)" }
    }

    private static func refusal(_ name: String, _ error: Errno) -> Refusal {
        switch error {
        case .noSuchFileOrDirectory:
            Refusal(
                "there is no program “\(name.printable)” in this VM",
                hint: "install it there, or check its spelling"
            )
        case .permissionDenied:
            Refusal("“\(name.printable)” may not be run", hint: "it is a directory, or it is not executable")
        case .execFormatError:
            Refusal(
                "“\(name.printable)” cannot be run on this machine",
                hint: "a script needs a first line such as #!/bin/sh; a program must be built for this processor"
            )
        default:
            Refusal("“\(name.printable)” cannot be run: \(error)")
        }
    }
}
