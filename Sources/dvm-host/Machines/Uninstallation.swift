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

    /// Refuses while there are VMs, or may be: removing dvm would leave nobody who knows what is in them.
    ///
    /// By their directories, which are there whatever Lima says.
    ///
    /// - Throws: a `Refusal` that names them, or says why that is not known.
    func checkMachines() throws(Refusal) {
        let names: [String]
        do {
            // Where the directory above is missing, a disk is, and not Lima.
            guard let listed = try Files.listing(of: paths.lima) else {
                guard try Files.listing(of: paths.lima.removingLastComponent()) != nil else {
                    throw Errno.noSuchFileOrDirectory
                }
                return
            }
            names = listed
        } catch {
            throw Refusal(
                "it is not known whether there are VMs: \(paths.lima.shown), where Lima keeps them, cannot be listed: "
                    + "\(error)",
                hint: "see `ls -ld \(paths.lima.quoted)`; make it readable, or have LIMA_HOME name where Lima keeps VMs"
            )
        }
        let machines = names.filter { $0.hasPrefix("dvm-") }.compactMap { try? MachineName($0) }.sorted()
        guard machines.isEmpty else {
            throw Refusal(
                "there are VMs still: \(machines.map(\.text).joined(separator: ", "))",
                hint: machines.prefix(3).map { "`dvm rm \($0) --yes`" }.joined(separator: ", ")
                    + " deletes what holds no work; then run this again"
            )
        }
    }

    /// Takes the locks of all VMs there is something of, also of those that could be made from a configuration: what is
    /// removed is in nobody's use, and nobody makes a VM meanwhile.
    ///
    /// - Throws: a `Refusal` that names who has one, or says why that is not known.
    func locks(besides configured: [MachineName]) throws -> [Lock] {
        var names = Set(configured)
        do throws(Errno) {
            names.formUnion(try (Files.listing(of: paths.cache) ?? []).compactMap(Self.machine(ofLock:)))
        } catch {
            throw Refusal(
                "it is not known whether another dvm is at work: \(paths.cache.shown) cannot be listed: \(error)",
                hint: "see `ls -ld \(paths.cache.quoted)`, and make it readable"
            )
        }
        names.formUnion(Files.names(in: paths.state).compactMap { try? MachineName($0) })
        return try names.sorted().map { try Lock.takeNow($0, in: paths.cache, for: "uninstall --yes") }
    }

    /// The VM of a lock, by its file's name.
    private static func machine(ofLock name: String) -> MachineName? {
        let ending = ".lock"
        guard name.hasSuffix(ending), let vm = try? MachineName(name.dropLast(ending.count)),
            name == vm.text + ending
        else { return nil }
        return vm
    }

    /// Looks what there is: only files that dvm is known to write, and installed ones that are still the same.
    func plan() -> Plan {
        var plan = Plan()
        for name in names(in: paths.state, &plan) {
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
        if let installed { take(installed, &plan) }
        // Last: until then they keep every other dvm waiting.
        take(paths.cache, &plan) { Self.machine(ofLock: $0) != nil }
        return plan
    }

    private func take(_ installed: InstalledFiles, _ plan: inout Plan) {
        for entry in installed.entries {
            guard let isOwn = installed.isOwn(entry) else { continue }
            let path = installed.prefix.pushing(entry.path)
            if isOwn { plan.files.append(path) } else { plan.kept.append(path) }
        }
        plan.files.append(installed.prefix.pushing(InstalledFiles.manifest))
        plan.directories += installed.ownDirectories
    }

    /// The names in a directory, which stays when it cannot be listed.
    private func names(in directory: FilePath, _ plan: inout Plan) -> [String] {
        do throws(Errno) {
            return try Files.listing(of: directory) ?? []
        } catch {
            plan.kept.append(directory)
            return []
        }
    }

    private func take(_ directory: FilePath, _ plan: inout Plan, isOwn: (String) -> Bool) {
        guard Self.kind(directory) == .directory else { return }
        for name in names(in: directory, &plan) {
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
