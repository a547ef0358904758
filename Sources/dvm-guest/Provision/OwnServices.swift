internal import DVMProtocol

/// Services that are signed in as the VM in which a recipe set them up, and that no copy of it may run.
///
/// The recipe writes a file of root's for each (`dvm_own_service` in recipes/lib/prelude.sh), under the name of the
/// service, and keeps the service from starting under another name of Lima's for the VM.
struct OwnServices {
    /// Where the files are; another directory in tests.
    var directory: FilePath = "/var/lib/dvm/own"
    /// The directory that their paths are in, other than `/` in tests.
    var root: FilePath = "/"
    var records = UnitRecords()
    /// Switches a service off.
    var stop: (String) throws(Refusal) -> Void = { (name) throws(Refusal) in try Self.disable(name) }

    /// What a file says.
    struct Entry: Hashable {
        /// The recipe.
        var unit = ""
        /// What the service is signed in with.
        var paths: [FilePath] = []

        /// Reads a file: a line `unit NAME`, and a line `path PATH` for each path.
        ///
        /// - Throws: a `Refusal` when it is something else.
        init(_ text: String) throws(Refusal) {
            for line in text.split(whereSeparator: \.isNewline) {
                let words = line.split(separator: " ", maxSplits: 1).map(String.init)
                switch (words.first, words.last) {
                case ("unit", let name?) where words.count == 2 && !name.contains("/"): unit = name
                case ("path", let text?) where words.count == 2:
                    let path = FilePath(text)
                    // Nothing as near the top as /etc, and nothing that leads up again.
                    guard path.isAbsolute, path.components.count > 1,
                        path.components.allSatisfy({ $0.kind == .regular })
                    else { throw Self.damaged }
                    paths.append(path)
                default: throw Self.damaged
                }
            }
            guard !unit.isEmpty else { throw Self.damaged }
        }

        private static let damaged = Refusal("it is not what `dvm_own_service` writes")
    }

    /// Switches all of them off, removes what they are signed in with, and forgets that their recipes have run; safe to
    /// run again.
    ///
    /// - Returns: the recipes.
    /// - Throws: a `Refusal` when one of them may still be signed in.
    func signOut() throws(Refusal) -> [String] {
        var units: Set<String> = []
        for file in try Directories.entries(directory) {
            let service = file.lastComponent?.string ?? ""
            // What a recipe that was cut off was about to write.
            if service.hasPrefix(".dvm.") {
                try Status.remove(file)
                continue
            }
            do throws(Refusal) {
                let entry = try Entry(try TextFile.read(file))
                try stop(service)
                for path in entry.paths { try remove(path) }
                records.forget(entry.unit)
                units.insert(entry.unit)
            } catch {
                throw Refusal(
                    "“\(service)” in the VM may be signed in as the VM it was copied from: \(error.message)",
                    hint: error.hint ?? "look at \(file) in the VM as root, through `limactl shell`"
                )
            }
            try Status.remove(file)
        }
        return units.sorted()
    }

    /// Removes a file or a tree that nobody but root can change on the way; nothing where it is gone.
    private func remove(_ path: FilePath) throws(Refusal) {
        var reached = root
        for part in path.components.dropLast() {
            reached.append(part)
            guard let status = Status.of(reached) else { return }
            try check(status, of: reached)
        }
        try removeTree(root.appending(path.components))
    }

    private func removeTree(_ path: FilePath) throws(Refusal) {
        guard let status = Status.of(path) else { return }
        guard status.isDirectory else { return try Status.remove(path) }
        try check(status, of: path)
        for entry in try Directories.entries(path) { try removeTree(entry) }
        guard Removal.directory(path) else { throw Refusal("\(path) cannot be removed") }
    }

    private func check(_ status: Status, of path: FilePath) throws(Refusal) {
        guard status.isDirectory, status.uid == 0, !status.isWritableByOthers else {
            throw Refusal("\(path) is no directory that only root can change, so dvm removes nothing there")
        }
    }

    private static func disable(_ service: String) throws(Refusal) {
        // It may be there no more, which is as well.
        _ = try Run.status(of: ["systemctl", "disable", "-q", "--now", "--", service])
        guard try Run.status(of: ["systemctl", "is-active", "-q", "--", service]) != .exited(0) else {
            throw Refusal("it cannot be stopped")
        }
    }
}
