internal import CLinux
internal import DVMProtocol
internal import Glibc

/// What root makes for a unit while it runs, all of it in memory: its script, its secrets and its control group.
struct UnitPlace {
    /// The directory of its secrets, when it has any.
    let secrets: FilePath?
    let group: ControlGroup

    private static let scripts: FilePath = "/run/dvm/units"
    private static let allSecrets: FilePath = "/run/dvm/secrets"
    private static var groups: FilePath { VMGroups.ours.appending("units") }

    /// Its script, whose name Bash puts before its complaints.
    static func script(of name: String) -> FilePath {
        scripts.appending(name).appending(name.hasSuffix(".sh") ? name : "\(name).sh")
    }

    /// What Bash reads before the script; no script is called so, since those end in `.sh`.
    static func start(of name: String) -> FilePath { scripts.appending(name).appending("start") }

    private static func prelude(of name: String) -> FilePath { scripts.appending(name).appending("prelude") }

    /// Makes the place of a unit; `reader` is the group that may read its script beside root.
    ///
    /// - Throws: a `Refusal`; then nothing is left of it.
    static func make(for unit: ProvisionUnit, reader: UInt32?) throws(Refusal) -> Self {
        do throws(Refusal) {
            try writeScripts(of: unit, reader: reader)
            return Self(
                secrets: try unit.secrets.isEmpty ? nil : writeSecrets(of: unit),
                group: try group(for: unit.name)
            )
        } catch {
            sweep()
            throw error
        }
    }

    /// Makes the control group of something that runs like a unit.
    static func group(for name: String) throws(Refusal) -> ControlGroup {
        try ControlGroup(making: groups.appending(name))
    }

    /// Removes it; no process of the unit is left by now.
    func remove() { Self.sweep() }

    /// Ends and removes what any unit has left: of several only one runs, and whoever asks has their lock.
    static func sweep() {
        for name in Listing.names(in: groups) {
            let path = groups.appending(name)
            guard Status.of(path)?.isDirectory == true else { continue }
            let group = ControlGroup(path)
            _ = group.killAll()
            group.remove()
        }
        for top in [allSecrets, scripts] {
            for name in Listing.names(in: top) { Removal.tree(top.appending(name)) }
        }
    }

    private static func writeScripts(of unit: ProvisionUnit, reader: UInt32?) throws(Refusal) {
        _ = try Directories.make(scripts, mode: [.ownerReadWriteExecute, .groupExecute, .otherExecute])
        let directory = scripts.appending(unit.name)
        let mode: FilePermissions =
            reader == nil ? .ownerReadWriteExecute : [.ownerReadWriteExecute, .groupReadExecute]
        _ = try Directories.make(directory, mode: mode, group: reader ?? 0)
        let prelude = prelude(of: unit.name)
        // What the script starts must not read it too. A file of its own: the prelude's lines keep their numbers.
        try write("unset BASH_ENV\n. \(prelude)\n", to: start(of: unit.name), reader: reader)
        try write(unit.prelude, to: prelude, reader: reader)
        try write(unit.script, to: script(of: unit.name), reader: reader)
    }

    private static func writeSecrets(of unit: ProvisionUnit) throws(Refusal) -> FilePath {
        _ = try Directories.make(allSecrets, mode: .ownerReadWriteExecute)
        let directory = allSecrets.appending(unit.name)
        _ = try Directories.make(directory, mode: .ownerReadWriteExecute)
        try checkMemory(directory)
        for (name, value) in unit.secrets { try write(value, to: directory.appending(name), reader: nil) }
        return directory
    }

    private static func checkMemory(_ directory: FilePath) throws(Refusal) {
        let opened = try Directories.openOwned(directory, by: 0)
        guard try call("looking at \(directory)", { dvm_is_in_memory(opened.raw.rawValue) }) == 1 else {
            throw Refusal(
                "\(directory) in the VM is not in memory, so a secret would stay on its disk",
                hint: "mount a tmpfs at /run, as systemd does"
            )
        }
    }

    /// Writes a new file; there is none of this name, and nobody else could have made one.
    private static func write(_ text: String, to path: FilePath, reader: UInt32?) throws(Refusal) {
        do {
            let file = OwnedDescriptor(
                try FileDescriptor.open(
                    path,
                    .writeOnly,
                    options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
                    permissions: .ownerReadWrite
                )
            )
            try file.raw.writeAll(text.utf8)
            if let reader { try Status.give(file.raw, to: reader, mode: [.ownerReadWrite, .groupRead], called: path) }
        } catch let error as Refusal {
            throw error
        } catch {
            throw Refusal("\(path) in the VM cannot be written: \(error)", hint: "memory may be short there: `free -m`")
        }
    }
}
