/// Where a value comes from.
enum Origin: Hashable, Sendable {
    case builtIn
    /// What this computer is like.
    case computer
    /// A configuration file, by its path, and the lines in which it sets the variable as far as they are known.
    case file(String, lines: [Int] = [])
    /// The environment dvm was started with.
    case environment

    /// As messages name it.
    var text: String {
        switch self {
        case .builtIn: "built in"
        case .computer: "this computer"
        case .file(let path, let lines):
            lines.isEmpty ? path : "\(path):\(lines.map(String.init).joined(separator: ","))"
        case .environment: "the environment"
        }
    }
}
