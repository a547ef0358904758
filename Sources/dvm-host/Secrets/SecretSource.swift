internal import DVMProtocol

/// Where a secret comes from: never from a configuration file itself, nor from an argument.
enum SecretSource: Hashable, Sendable {
    /// A variable dvm was started with, by its name.
    case variable(String)
    /// A file of the person's.
    case file(FilePath)
    /// What a command of the person's prints, run when the secret is needed.
    case command(String)

    /// In words that say nothing of the secret; a command may have one among its own.
    var text: String {
        switch self {
        case .variable(let name): "the variable \(name)"
        case .file(let path): path.shown
        case .command: "a command"
        }
    }

    /// The most bytes of a secret.
    static let largest = 64 * 1024

    /// Finds out where a secret comes from: a variable with it, then a file, then a command, each as the environment has
    /// it before the configuration; nothing when nobody has said.
    ///
    /// - Throws: a `Refusal` when what was said makes no sense.
    static func find(
        _ secret: String,
        in environment: HostEnvironment,
        configured: [String: String]
    ) throws(Refusal) -> Self? {
        if let name = SecretVariable.values(of: secret).first(where: { environment[$0] != nil }) {
            return .variable(name)
        }
        for name in SecretVariable.sources(of: secret) {
            guard let value = environment[name] ?? configured[name], !value.isEmpty else { continue }
            guard name.hasSuffix(SecretVariable.fileEnding) else { return .command(value) }
            guard value.hasPrefix("/") else {
                throw Refusal("\(name) is “\(value.printable)”", hint: "write the absolute path of a file")
            }
            return .file(FilePath(value))
        }
        return nil
    }

    /// Says that a secret is not there, and the three ways to hand it over.
    static func missing(_ secret: String, for unit: String) -> Refusal {
        let variable = SecretVariable.values(of: secret).last ?? secret
        let sources = SecretVariable.sources(of: secret)
        return Refusal(
            "\(unit) needs the secret \(secret), which is not there",
            hint: """
                set the variable \(variable) for dvm, or \(sources[0]) to the path of a file that only you can read, or \
                \(sources[1]) in the configuration to a command that prints it
                """
        )
    }
}
