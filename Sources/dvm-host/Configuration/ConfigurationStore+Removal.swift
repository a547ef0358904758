internal import DVMProtocol

extension ConfigurationStore {
    /// What became of a VM's configuration.
    struct Removal: Hashable, Sendable {
        var removed: [FilePath] = []
        /// What is not dvm's to remove.
        var kept: [FilePath] = []
    }

    /// Removes the files that dvm reads of a VM, and its directory when nothing else is in it.
    ///
    /// Links are removed and not followed: people keep such files in a repository of theirs.
    ///
    /// - Throws: a `Refusal` that names what cannot be removed.
    func remove(_ vm: MachineName) throws(Refusal) -> Removal {
        let directory = paths.config.appending("vms").appending(vm.text)
        var removal = Removal()
        func remove(_ path: FilePath) throws(Refusal) {
            guard let status = try? FileStatus(ofLink: path) else { return }
            guard status.kind == .file || status.kind == .link else { return removal.kept.append(path) }
            do {
                try Files.remove(path)
            } catch {
                throw Refusal("cannot remove \(path.shown): \(error)", hint: "see `ls -ld \(path.quoted)`")
            }
            removal.removed.append(path)
        }

        try remove(path(for: vm))
        guard let status = try? FileStatus(ofLink: directory) else { return removal }
        guard status.kind == .directory else {
            try remove(directory)
            return removal
        }
        for name in ["config.sh", "setup.sh"] { try remove(directory.appending(name)) }
        if !Files.removeDirectory(directory), !removal.kept.contains(where: { $0.starts(with: directory) }) {
            removal.kept.append(directory)
        }
        return removal
    }
}
