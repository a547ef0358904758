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
    case agentAccess = "DVM_AI_ACCESS"
    case agentSystemCalls = "DVM_AI_SECCOMP"
    case agentGit = "DVM_AI_GIT"
    case agentSecrets = "DVM_AI_SECRETS"
    case agentProtected = "DVM_AI_PROTECT"
    case agentDenied = "DVM_AI_DENY"
    case agentNetwork = "DVM_AI_NET"
    case agentHosts = "DVM_AI_HOSTS"
    case agentLocalPorts = "DVM_AI_LOCAL"
    case agentMemory = "DVM_AI_MEMORY"
    case agentTasks = "DVM_AI_TASKS"
    case agentProcessors = "DVM_AI_CPUS"
    case agentTime = "DVM_AI_TIME"
    case agentRecord = "DVM_AI_RECORD"

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
