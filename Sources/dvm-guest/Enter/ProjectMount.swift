internal import CLinux
internal import DVMProtocol
internal import Glibc

/// The project as the agent sees it: a mount on which the developer's files are the agent's, and the agent's new files
/// the developer's.
///
/// Nothing changes on disk, and it takes the same time for any number of files.
enum ProjectMount {
    /// A mount of the project, its owner shown as the agent.
    ///
    /// - Throws: a `Refusal` that names file system and kernel when they cannot show another owner.
    static func make(of project: borrowing PinnedDirectory, for agent: Spawn.Agent) throws(Refusal) -> DetachedMount {
        let place = Place.of(project.descriptor.raw)
        // A host's directory must not be in reach of an agent, and dvm mounts none: somebody else did.
        if let shared = place?.fileSystem, ["9p", "virtiofs", "fuse.sshfs"].contains(shared) {
            throw Refusal(
                "the project \(project.path) is shared with another machine (\(shared))",
                hint: "keep it on the VM's own disk: remove the mount from the VM's Lima configuration"
            )
        }
        let namespace = try call("making the map of owners for the project") {
            dvm_user_namespace(agent.developerUid, agent.uid, agent.developerGid, agent.gid)
        }
        let map = OwnedDescriptor(FileDescriptor(rawValue: namespace))
        let path = project.path
        return try DetachedMount.of(project, mappedBy: map) { refusal($0, path, place) }
    }

    /// Why a project cannot be shown with another owner.
    static func refusal(_ error: Errno, _ path: String, _ place: Place?) -> Refusal {
        guard [.invalidArgument, .notPermitted, .notSupported, .noFunction].contains(error) else {
            return Refusal("showing the project \(path) as the agent's: \(error)")
        }
        let fileSystem = place?.fileSystem ?? "its file system"
        return Refusal(
            """
            the project \(path) cannot be shown as the agent's: \(fileSystem) on Linux \(Kernel.release) has no \
            idmapped mounts
            """,
            hint: "put it on ext4, xfs or btrfs (Linux 5.15 or newer), with DVM_CODE_DIR"
        )
    }

    /// What a directory is mounted from.
    struct Place: Equatable {
        var fileSystem: String

        static func of(_ file: FileDescriptor) -> Self? {
            guard let info = try? TextFile.read(FilePath("/proc/self/fdinfo/\(file.rawValue)")),
                let mounts = try? TextFile.read("/proc/self/mountinfo")
            else { return nil }
            return Self(descriptorInfo: info, mounts: mounts)
        }

        /// The place in the texts of a descriptor's `fdinfo` and of `mountinfo`.
        init?(descriptorInfo: String, mounts: String) {
            let fields = descriptorInfo.split(whereSeparator: \.isWhitespace)
            guard let label = fields.firstIndex(of: "mnt_id:"), label + 1 < fields.count else { return nil }
            for line in mounts.split(separator: "\n") where line.hasPrefix("\(fields[label + 1]) ") {
                // After a lone hyphen, since the fields before it are of any number.
                let words = line.split(separator: " ")
                guard let hyphen = words.firstIndex(of: "-"), hyphen + 1 < words.count else { return nil }
                fileSystem = String(words[hyphen + 1])
                return
            }
            return nil
        }
    }
}
