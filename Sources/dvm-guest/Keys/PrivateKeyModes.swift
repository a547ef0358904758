internal import DVMProtocol
internal import Glibc

/// The private keys in `~/.ssh`, and which of them are open to others; looked at by a process of their owner's.
struct PrivateKeyModes: Hashable, Codable {
    /// How many there are.
    var count = 0
    /// What others may get at, or its owner may not: names below the home.
    var wrong: [String] = []

    /// More than anybody has.
    private static let mostFiles = 1000

    /// Looks into the `.ssh` of a home; nothing when there is none.
    static func look(in home: String) -> Self {
        var found = Self()
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let raw = unsafe open("\(home)/.ssh", flags)
        guard raw >= 0 else {
            if errno == EACCES { found.wrong.append(".ssh") }
            return found
        }
        let directory = OwnedDescriptor(FileDescriptor(rawValue: raw))
        for entry in (ProjectTree.entries(directory) ?? []).prefix(mostFiles) where entry.kind == .file {
            guard let wrong = isWrong(entry.name, in: directory.raw) else { continue }
            found.count += 1
            if wrong, found.wrong.count < 20 {
                found.wrong.append(".ssh/\(String(decoding: entry.name, as: UTF8.self))")
            }
        }
        let mode = (try? Status.of(directory.raw, called: ".ssh"))?.mode ?? 0
        if found.count > 0, mode & 0o022 != 0 { found.wrong.append(".ssh") }
        return found
    }

    /// Whether a private key has a wrong mode; nothing when it is none.
    private static func isWrong(_ name: [UInt8], in directory: FileDescriptor) -> Bool? {
        let file = unsafe openat(
            directory.rawValue,
            TreePath.top.appending(name).cString,
            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        )
        guard file >= 0 else {
            // Whether it is one cannot be seen: by its name then.
            let text = String(decoding: name, as: UTF8.self)
            return errno == EACCES && text.hasPrefix("id_") && !text.hasSuffix(".pub") ? true : nil
        }
        let open = OwnedDescriptor(FileDescriptor(rawValue: file))
        guard let beginning = ProjectTree.read(open.raw, atMost: 200),
            beginning.prefix(while: { $0 != UInt8(ascii: "\n") }).contains("PRIVATE KEY-----".utf8),
            let status = try? Status.of(open.raw, called: "a key")
        else { return nil }
        return status.mode & 0o077 != 0
    }
}
