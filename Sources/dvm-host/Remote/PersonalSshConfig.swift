internal import DVMProtocol

/// A person's `~/.ssh/config`: theirs, and changed in one line only.
struct PersonalSshConfig: Sendable {
    let path: FilePath
    private let include: SshInclude

    /// - Throws: a `Refusal` when ssh could not be told of dvm's files.
    init(_ paths: Paths) throws(Refusal) {
        path = paths.home.appending(".ssh").appending("config")
        include = try SshInclude(SshEntryStore(paths: paths).pattern)
    }

    /// Whether ssh finds dvm's entries; also where the person wrote the line themselves, into whatever it links to.
    var hasLine: Bool {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]) else {
            return false
        }
        defer { try? file.close() }
        return include.isIn((try? Files.read(file, limit: Self.largest)) ?? [])
    }

    /// Puts the line at the top.
    ///
    /// - Returns: whether it was not there.
    /// - Throws: a `Refusal` with the line to add, when the file is not simply the person's own.
    func install() throws(Refusal) -> Bool {
        let directory = path.removingLastComponent()
        if !Files.exists(directory) { try Files.makeDirectory(directory, mode: 0o700) }
        let (present, mode) = try read()
        let wanted = include.added(to: present)
        guard wanted != present else { return false }
        try Files.replace(path, with: wanted, mode: mode)
        return true
    }

    /// Takes the line away; a file that holds nothing else goes with it.
    ///
    /// - Returns: whether it was there.
    /// - Throws: a `Refusal` when the file is not simply the person's own.
    func remove() throws(Refusal) -> Bool {
        guard Files.exists(path) else { return false }
        let (present, mode) = try read()
        let wanted = include.removed(from: present)
        guard wanted != present else { return false }
        if wanted.isEmpty { try? Files.remove(path) } else { try Files.replace(path, with: wanted, mode: mode) }
        return true
    }

    /// The most bytes of such a file that are read.
    private static let largest = 4 << 20

    /// The file's bytes and mode; none of the first when it is not there.
    private func read() throws(Refusal) -> (bytes: [UInt8], mode: UInt16) {
        let hint = "put this line at the top of it yourself, or take it out: \(include.line)"
        // A link leads into somebody's collection of such files, where a new file would be in the way.
        for place in [path.removingLastComponent(), path] where (try? FileStatus(ofLink: place))?.kind == .link {
            throw Refusal("\(place.shown) is a link, so dvm does not change \(path.shown)", hint: hint)
        }
        guard Files.exists(path) else { return ([], 0o600) }
        let status: FileStatus
        do {
            status = try FileStatus(ofLink: path)
        } catch {
            throw Refusal("cannot look at \(path.shown): \(error)", hint: hint)
        }
        guard status.kind == .file, status.owner == UInt32(geteuid()), status.mode & 0o022 == 0 else {
            throw Refusal("\(path.shown) is not a file that only you can change", hint: hint)
        }
        return (try Files.own(path, limit: Self.largest), UInt16(status.mode))
    }
}
