internal import DVMProtocol

/// The record of sessions in `/var/log/dvm`: root's, readable for the group of the user people work as and for nobody
/// else, the agent least of all.
struct SessionLog {
    static let directory: FilePath = "/var/log/dvm"
    /// A line for every start and every end of a session.
    static var file: FilePath { directory.appending("sessions.jsonl") }

    /// The group that may read it.
    let readers: UInt32

    /// The record before this many bytes is kept once more, as `sessions.jsonl.1`.
    private static let mostBytes = 768 << 10
    /// How many sessions' output and recordings are kept.
    private static let mostKept = 50

    /// Adds a line.
    ///
    /// - Returns: whether it was written, whole: a full disk must not end the session.
    func append(_ summary: SessionSummary) -> Bool {
        guard let line = try? JSON.encode(summary) + [UInt8(ascii: "\n")], makeDirectory() else { return false }
        if let size = Status.size(of: Self.file), size > Self.mostBytes {
            try? Status.rename(Self.file, to: Self.directory.appending("sessions.jsonl.1"))
        }
        guard let file = open(Self.file, [.append]) else { return false }
        let before = Status.size(of: Self.file) ?? 0
        // One write, so that the lines of two supervisors do not mix.
        if unwritten(line[...], to: file.raw) == 0 { return true }
        // Half a line would spoil the next one too.
        try? file.raw.resize(to: Int64(before))
        return false
    }

    /// Keeps the end of what a session has shown.
    func keep(_ output: ArraySlice<UInt8>, of session: SessionID) {
        guard let file = new("\(session).output") else { return }
        _ = unwritten(output, to: file.raw)
    }

    /// A new file of a session's; the oldest ones go.
    ///
    /// - Returns: nothing when there is no room for it.
    func new(_ name: String) -> OwnedDescriptor? {
        guard makeDirectory() else { return nil }
        let ending = name.split(separator: ".").last.map { ".\($0)" } ?? ""
        for old in Listing.names(in: Self.directory).filter({ $0.hasSuffix(ending) }).dropLast(Self.mostKept - 1) {
            Removal.file(Self.directory.appending(old))
        }
        return open(Self.directory.appending(name), [.truncate])
    }

    /// What is recorded: every session once, with what is known of it last, oldest first.
    static func read() -> [SessionSummary] {
        var found: [SessionID: SessionSummary] = [:]
        for path in [directory.appending("sessions.jsonl.1"), file] {
            for line in ((try? TextFile.readBytes(path)) ?? []).split(separator: UInt8(ascii: "\n")) {
                guard let summary = try? JSON.decode(SessionSummary.self, from: Array(line)) else { continue }
                found[summary.id] = summary
            }
        }
        return found.values.sorted { $0.id < $1.id }
    }

    private func makeDirectory() -> Bool {
        let mode: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute]
        return (try? Directories.make(Self.directory, mode: mode, group: readers)) != nil
    }

    private func open(_ path: FilePath, _ options: FileDescriptor.OpenOptions) -> OwnedDescriptor? {
        guard
            let raw = try? FileDescriptor.open(
                path,
                .writeOnly,
                options: options.union([.create, .noFollow, .closeOnExec]),
                permissions: [.ownerReadWrite, .groupRead]
            )
        else { return nil }
        let file = OwnedDescriptor(raw)
        guard (try? Status.give(file.raw, to: readers, mode: [.ownerReadWrite, .groupRead], called: path)) != nil else {
            return nil
        }
        return file
    }

    /// How many bytes could not be written.
    private func unwritten(_ bytes: ArraySlice<UInt8>, to file: FileDescriptor) -> Int {
        guard let written = try? file.writeAll(bytes) else { return bytes.count }
        return bytes.count - written
    }
}
