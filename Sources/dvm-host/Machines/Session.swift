internal import DVMProtocol

/// What a command works with: the surroundings it was started in, read once.
struct Session: Sendable {
    var environment: HostEnvironment
    var paths: Paths
    var display: ProgressDisplay
    /// Variables that programs on this computer do not get, beside the keys of AI tools.
    var withheld: Set<String> = []
    /// Passed by those who make a VM: two at once would download the same image.
    let making = Gate()
    /// Passed by those who ask a person.
    let asking = Gate()
    /// The VMs whose locks the command has already.
    private var held: Set<MachineName> = []
    /// What the person wrote, the recipes as they were when dvm was started.
    var configuration: ConfigurationStore

    /// A session in some surroundings.
    ///
    /// - Throws: a `Refusal` when they do not say where files are.
    init(_ environment: HostEnvironment, display: ProgressDisplay? = nil) throws(Refusal) {
        self.environment = environment
        paths = try Paths(environment)
        configuration = ConfigurationStore(paths: paths, environment: environment)
        configuration.readRecipes()
        self.display = display ?? .standard(environment)
        // What is wrong with a tool's file is said where tools are asked for, and keeps nothing else from working.
        withheld = Set(((try? configuration.tools()) ?? []).flatMap(\.passed))
        let secrets = ((try? configuration.shelf().sound) ?? []).flatMap(\.header.secrets)
        withheld.formUnion(secrets.flatMap(SecretVariable.values))
    }

    /// A limactl that is new enough.
    ///
    /// - Throws: a `Refusal` that says how to get one.
    func limactl() async throws -> Limactl {
        let limactl = try Limactl(environment, withholding: withheld)
        _ = try await limactl.checkVersion()
        return limactl
    }

    /// A VM that has a configuration, and what Lima knows of it.
    ///
    /// - Throws: a `Refusal` for what is wrong with the configuration or with Lima.
    func machine(_ vm: MachineName) async throws -> (machine: Machine, instance: LimaInstance?) {
        try vm.checkRoom(in: paths.lima)
        let limactl = try Limactl(environment, withholding: withheld)
        // Three programs that do not wait for each other: warm commands are as quick as the slowest of them.
        async let loaded = configuration.load(vm)
        async let version = limactl.checkVersion()
        async let instance = limactl.instance(of: vm)

        let found = try await loaded
        for line in found.printed.prefix(20) { display.note("configuration: \(line)") }
        _ = try await version
        let machine = Machine(name: vm, settings: found.settings, limactl: limactl, session: self)
        return (machine, try await instance)
    }

    /// Whether there is anything of a VM: a configuration, or something of Lima's.
    func isKnown(_ vm: MachineName, to limactl: Limactl) async throws -> Bool {
        if isThere(vm) { return true }
        return try await limactl.instance(of: vm) != nil
    }

    /// Refuses a command that needs a VM to run while everything is only to be told.
    ///
    /// - Throws: a `Refusal` unless commands do what they say.
    func checkDryRun(of command: String) throws(Refusal) {
        guard environment.isDryRun else { return }
        throw Refusal(
            "DVM_DRY_RUN is set, and `dvm \(command)` cannot be tried without doing it",
            hint: "run it without DVM_DRY_RUN"
        )
    }

    /// Does something, of which every part may ask for the lock again, while no other dvm changes the VM.
    func holding<Value>(
        _ vm: MachineName,
        for command: String,
        _ body: (Session) async throws -> Value
    ) async throws -> Value {
        try await locked(vm, for: command) {
            var inside = self
            inside.held.insert(vm)
            return try await body(inside)
        }
    }

    /// Does something while no other dvm changes the VM.
    func locked<Value>(
        _ vm: MachineName,
        for command: String,
        _ body: () async throws -> Value
    ) async throws -> Value {
        if held.contains(vm) { return try await body() }
        let lock = try await Lock.take(vm, in: paths.cache, for: command, note: display.note)
        defer {
            // A name that was mistyped, or that has just been given up, leaves nothing.
            if !isThere(vm) { lock.remove() }
            // Let go when this returns, and not when the compiler sees the last use.
            withExtendedLifetime(lock) {}
        }
        return try await body()
    }

    /// Whether there is a configuration of a VM, or a directory of Lima's.
    private func isThere(_ vm: MachineName) -> Bool {
        configuration.names().contains(vm) || Files.exists(paths.instance(of: vm))
    }

    /// What this computer remembers of a VM.
    func state(of vm: MachineName) -> VMState { VMState(directory: paths.state(of: vm)) }

    func log(_ name: String, of vm: MachineName) throws(Refusal) -> Log { try Log.open(name, in: paths.state(of: vm)) }

    /// The log of a unit's last run.
    func unitLog(_ name: String, of vm: MachineName) throws(Refusal) -> Log {
        // Names of logs that are about other things.
        let isTaken = ["lima", "sync"].contains(name)
        return try Log.open(isTaken ? "recipe-\(name)" : name, in: paths.state(of: vm), fresh: true)
    }

    /// What gets the secrets of recipes.
    var secrets: SecretReader { SecretReader(environment: environment, withheld: withheld) }
}
