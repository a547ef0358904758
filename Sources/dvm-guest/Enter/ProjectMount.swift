internal import CLinux
internal import DVMProtocol
internal import Glibc

/// The project as the agent sees it.
///
/// Where it can be, an idmapped mount: the developer's files are the agent's there, and the agent's new files the
/// developer's. Nothing changes on disk, and it takes the same time for any number of files. Elsewhere, or where the
/// configuration says so, the project as it is: what the agent may do is then a matter of its access lists.
enum ProjectMount {
    /// A mount of the project as the agent's policy wants it.
    ///
    /// - Throws: a `Refusal` that names file system and kernel when they cannot show another owner and that was wanted.
    static func make(of project: borrowing PinnedDirectory, for agent: Spawn.Agent) throws(Refusal) -> DetachedMount {
        let place = Place.of(project.descriptor.raw)
        // A host's directory must not be in reach of an agent, and dvm mounts none: somebody else did.
        if let shared = place?.fileSystem, ["9p", "virtiofs", "fuse.sshfs"].contains(shared) {
            throw Refusal(
                "the project \(project.path) is shared with another machine (\(shared))",
                hint: "keep it on the VM's own disk: remove the mount from the VM's Lima configuration"
            )
        }
        guard agent.policy.access != .acl else { return try DetachedMount.of(project) }
        let namespace = try call("making the map of owners for the project") {
            dvm_user_namespace(agent.developerUid, agent.uid, agent.developerGid, agent.gid)
        }
        let map = OwnedDescriptor(FileDescriptor(rawValue: namespace))
        let path = project.path
        return try DetachedMount.of(project, mappedBy: map) { refusal($0, path, place) }
    }

    /// The agent with the way it gets at the project decided: by an idmapped mount where that can be had, otherwise by
    /// access lists.
    ///
    /// Without entries for the agent in those, it can do no more than any other account: nothing opens by itself.
    ///
    /// - Throws: a `Refusal` when neither is possible.
    static func settled(_ agent: Spawn.Agent, on project: borrowing PinnedDirectory) throws(Refusal) -> Spawn.Agent {
        guard agent.policy.access == .automatic else { return agent }
        var mapped = agent
        mapped.policy.access = .idmap
        var listed = agent
        listed.policy.access = .acl
        do throws(Refusal) {
            _ = try make(of: project, for: mapped)
            return mapped
        } catch {
            // What is wrong with the project itself is wrong with either.
            _ = try make(of: project, for: listed)
            return listed
        }
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
            hint: "put it on ext4, xfs or btrfs (Linux 5.15 or newer) with DVM_CODE_DIR, or set DVM_AI_ACCESS=auto"
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
