internal import DVMProtocol

/// Taking everything of dvm's off this computer, but for what the person wrote.
struct Uninstallation: Sendable {
    let paths: Paths
    /// What was installed; nothing where no list of it is found.
    let installed: InstalledFiles?

    /// What there is to remove, in this order, and what is not.
    struct Plan: Hashable, Sendable {
        var files: [FilePath] = []
        /// Removed where nothing else is in them.
        var directories: [FilePath] = []
        /// What is in the way of a directory, or is no longer what was installed.
        var kept: [FilePath] = []
    }

    /// The VMs that there are still: removing dvm would leave nobody who knows what is in them.
    ///
    /// By their directories, which are there whatever Lima says.
    func machines() -> [MachineName] {
        Files.names(in: paths.lima).filter { $0.hasPrefix("dvm-") }.compactMap { try? MachineName($0) }.sorted()
    }

    /// Looks what there is: only files that dvm is known to write, and installed ones that are still the same.
    func plan() -> Plan {
        var plan = Plan()
        for name in Files.names(in: paths.state) {
            let directory = paths.state.appending(name)
            guard (try? MachineName(name)) != nil, Self.kind(directory) == .directory else {
                plan.kept.append(directory)
                continue
            }
            // Without its mark, a copy that has no identity yet would pass for its original, wherever Lima keeps it.
            take(directory, &plan) {
                !VMState.marks.contains($0) && (VMState.files.contains($0) || $0.hasSuffix(".log"))
            }
        }
        if Files.exists(paths.state) { plan.directories.append(paths.state) }
        take(paths.cache, &plan) { $0.hasSuffix(".lock") }
        guard let installed else { return plan }
        for entry in installed.entries {
            guard let isOwn = installed.isOwn(entry) else { continue }
            let path = installed.prefix.pushing(entry.path)
            if isOwn { plan.files.append(path) } else { plan.kept.append(path) }
        }
        plan.files.append(installed.prefix.pushing(InstalledFiles.manifest))
        plan.directories += installed.ownDirectories
        return plan
    }

    private func take(_ directory: FilePath, _ plan: inout Plan, isOwn: (String) -> Bool) {
        guard Self.kind(directory) == .directory else { return }
        for name in Files.names(in: directory) {
            let path = directory.appending(name)
            if Self.kind(path) == .file, isOwn(name) { plan.files.append(path) } else { plan.kept.append(path) }
        }
        plan.directories.append(directory)
    }

    private static func kind(_ path: FilePath) -> FileStatus.Kind? { (try? FileStatus(ofLink: path))?.kind }

    /// Removes what is planned, as far as it can.
    ///
    /// - Returns: the files that could not be removed.
    static func carryOut(_ plan: Plan) -> [FilePath] {
        var failed: [FilePath] = []
        for file in plan.files {
            do { try Files.remove(file) } catch { failed.append(file) }
        }
        for directory in plan.directories { Files.removeDirectory(directory) }
        return failed
    }
}
