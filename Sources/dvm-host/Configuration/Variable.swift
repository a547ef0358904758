/// The variables a configuration may set, whatever it uses; in the order in which they are read and shown.
enum Variable: String, CaseIterable, Hashable, Sendable {
    case recipes = "DVM_RECIPES"
    case noBaseline = "DVM_NO_BASELINE"
    case cpus = "DVM_CPUS"
    case memory = "DVM_MEMORY"
    case disk = "DVM_DISK"
    case template = "DVM_TEMPLATE"
    case vmType = "DVM_VM_TYPE"
    case architecture = "DVM_ARCH"
    case network = "DVM_NETWORK"
    // Before the ports, which take it for theirs.
    case hostAddress = "DVM_HOST_IP"
    case ports = "DVM_PORTS"
    case user = "DVM_USER"
    case loginShell = "DVM_SHELL"
    case sudo = "DVM_SUDO"
    case subordinateUsers = "DVM_SUBUID_COUNT"
    case subordinateGroups = "DVM_SUBGID_COUNT"
    // Before the directory, which is below it unless it is named.
    case codeRoot = "DVM_CODE_ROOT"
    case codeDirectory = "DVM_CODE_DIR"
    case repository = "DVM_REPO"
    case branch = "DVM_REPO_BRANCH"
    case gitName = "DVM_GIT_NAME"
    case gitEmail = "DVM_GIT_EMAIL"
    case timeZone = "DVM_TIMEZONE"
    case locale = "DVM_LOCALE"
    case swap = "DVM_SWAP"
    case proxy = "DVM_PROXY"
    case certificates = "DVM_CA_CERTS"
    case unitTimeLimit = "DVM_UNIT_TIMEOUT"
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

    /// Whether the environment dvm was started with has the last word; for all others it has none.
    ///
    /// These say what a new VM is made from, which one tries out without changing a file.
    var isTakenFromEnvironment: Bool { self == .template || self == .vmType }
}
