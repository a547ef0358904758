internal import DVMProtocol

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The variables dvm was started with, read once.
///
/// These decide something; no other variable of the caller does:
///
/// - `DVM_CONFIG_DIR` (once `DVM_CONFIG`), `DVM_STATE_DIR`, `DVM_CACHE_DIR`, `XDG_CONFIG_HOME`, `XDG_STATE_HOME`,
///   `XDG_CACHE_HOME`, `LIMA_HOME`, `HOME`: where files are
/// - `DVM_LIMACTL`: which `limactl` to use
/// - `DVM_CODE`: which editor `dvm code` starts
/// - `DVM_TEMPLATE`, `DVM_VM_TYPE`: what new VMs are made from, over what the configuration says
/// - the variables that the recipes of a VM take, over what the configuration says
/// - the secrets of recipes, and the variables that say where they are
/// - `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`: with `DVM_PROXY=host`
/// - `VISUAL`, `EDITOR`: what opens a new configuration
/// - `DVM_VERBOSE`: show the output of every program
/// - `DVM_DRY_RUN`: tell what would be done, and do nothing
/// - the secrets that recipes ask for, see `SecretSource`
/// - `NO_COLOR`, `TERM`: how to use the terminal
/// - `PATH`, `USER`, `LANG`: handed to the configuration; `LANG` also to VMs
struct HostEnvironment: Hashable, Sendable {
    let variables: [String: String]

    init(_ variables: [String: String]) { self.variables = variables }

    /// What this process was started with.
    static var current: Self { Self(ProcessInfo.processInfo.environment) }

    /// The value of a variable; an empty one counts as not set.
    subscript(_ name: String) -> String? {
        guard let value = variables[name], !value.isEmpty else { return nil }
        return value
    }

    /// Whether a switch is on: set, and neither empty nor `0`.
    func isOn(_ name: String) -> Bool { self[name].map { $0 != "0" } ?? false }

    /// Whether every program's output is shown.
    var isVerbose: Bool { isOn("DVM_VERBOSE") }

    /// Whether commands only tell what they would do.
    var isDryRun: Bool { isOn("DVM_DRY_RUN") }

    /// What programs started on the host get: everything but the keys meant for AI tools, and the secrets of recipes.
    ///
    /// Lima's host agent lives as long as the VM and would carry them all that time.
    func forPrograms(without names: Set<String> = []) -> [String: String] {
        let secrets = names.union(Tool.all.flatMap(\.passed))
        return variables.filter { !secrets.contains($0.key) && !$0.key.hasPrefix(SecretVariable.prefix) }
    }

    /// Where a program is, by the rules of a shell without relative entries in `PATH`.
    func find(program name: String) -> FilePath? {
        (self["PATH"] ?? "/usr/bin:/bin").split(separator: ":").lazy
            .filter { $0.hasPrefix("/") }
            .map { FilePath(String($0)).appending(name) }
            .first { Files.isExecutable($0) }
    }
}
