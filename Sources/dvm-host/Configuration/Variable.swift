/// The variables a configuration may set.
enum Variable: String, CaseIterable, Hashable, Sendable {
    case cpus = "DVM_CPUS"
    case memory = "DVM_MEMORY"
    case disk = "DVM_DISK"
    case user = "DVM_USER"
    case codeDirectory = "DVM_CODE_DIR"
    case ports = "DVM_PORTS"
    case template = "DVM_TEMPLATE"
    case vmType = "DVM_VM_TYPE"
    case architecture = "DVM_ARCH"

    var name: String { rawValue }
}

/// Where a value comes from.
enum Origin: Hashable, Sendable {
    case builtIn
    /// A configuration file, by its path.
    case file(String)
    /// The environment dvm was started with.
    case environment

    /// As messages name it.
    var text: String {
        switch self {
        case .builtIn: "built in"
        case .file(let path): path
        case .environment: "the environment"
        }
    }
}
