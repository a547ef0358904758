internal import DVMProtocol

/// Where dvm's own files are on the host.
struct Paths: Hashable, Sendable {
    /// The person's home.
    var home: FilePath
    /// What the person writes: `config.sh`, `vms/`.
    var config: FilePath
    /// What dvm keeps: logs, the last rendered template of each VM.
    var state: FilePath
    /// What may be thrown away: locks.
    var cache: FilePath
    /// Lima's instances.
    var lima: FilePath

    /// The places the environment names.
    ///
    /// - Throws: a `Refusal` for a place that is not an absolute path.
    init(_ environment: HostEnvironment) throws(Refusal) {
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw Refusal("HOME does not name a directory", hint: "start dvm from an ordinary login, where HOME is set")
        }
        let base = FilePath(home)

        // The XDG specification: a value that is not absolute counts as not set.
        func xdg(_ name: String, _ fallback: String) -> FilePath {
            let value = environment[name].flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
            return (value ?? base.pushing(FilePath(fallback))).appending("dvm")
        }
        func own(_ name: String) throws(Refusal) -> FilePath? {
            guard let value = environment[name] else { return nil }
            guard value.hasPrefix("/") else {
                throw Refusal("\(name) is “\(value.printable)”", hint: "write an absolute path, or leave \(name) unset")
            }
            return FilePath(value).lexicallyNormalized()
        }

        self.home = base
        // Each name as some dvm before this one had it.
        let older = try own("DVM_CONFIG")
        config = try own("DVM_CONFIG_DIR") ?? older ?? xdg("XDG_CONFIG_HOME", ".config")
        state = try own("DVM_STATE_DIR") ?? xdg("XDG_STATE_HOME", ".local/state")
        cache = try own("DVM_CACHE_DIR") ?? xdg("XDG_CACHE_HOME", ".cache")
        lima = try own("LIMA_HOME") ?? base.appending(".lima")
    }

    /// Where dvm keeps what belongs to one VM.
    func state(of vm: MachineName) -> FilePath { state.appending(vm.text) }

    /// Where Lima keeps a VM.
    func instance(of vm: MachineName) -> FilePath { lima.appending(vm.instance) }
}
