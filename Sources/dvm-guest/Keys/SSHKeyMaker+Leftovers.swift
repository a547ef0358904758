internal import DVMProtocol
internal import Glibc

/// What earlier runs left in `~/.ssh`, which is the directory this process is in.
extension SSHKeyMaker {
    /// Removes what a run that was cut short had not put in its place: while we have the lock, no other is at work.
    static func removeUnfinished() {
        for name in names where name.hasPrefix(OwnFile.unfinished) { OwnFile(name).remove() }
    }

    /// What to say of private keys that were moved aside, other than just now; nothing where there are none.
    static func oldKeys(besides: [String]) -> String? {
        let old = names.filter { name in
            [access, signing].contains { name.hasPrefix("\($0).old-") } && !besides.contains(name)
        }
        guard !old.isEmpty else { return nil }
        return "keys that others took the place of are kept in ~/.ssh of the VM: "
            + old.prefix(5).map(\.printable).joined(separator: ", ") + (old.count > 5 ? ", …" : "")
            + "; when they are off the servers, remove them with `rm` (`dvm sh`)"
    }

    /// The names of the files here.
    private static var names: [String] {
        let raw = unsafe open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { return [] }
        let directory = OwnedDescriptor(FileDescriptor(rawValue: raw))
        var names: [String] = []
        for entry in ProjectTree.entries(directory) ?? [] where entry.kind == .file {
            names.append(String(decoding: entry.name, as: UTF8.self))
        }
        return names
    }
}
