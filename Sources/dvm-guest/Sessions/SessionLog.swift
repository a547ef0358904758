internal import CLinux
internal import DVMProtocol
internal import Glibc

/// The record of sessions in `/var/log/dvm`: root's, readable for the group of the user people work as and for nobody
/// else, the agent least of all.
struct SessionLog {
    static let directory: FilePath = "/var/log/dvm"
    private static let fileName = "sessions.jsonl"
    private static let formerName = "sessions.jsonl.1"
    /// A line for every start and every end of a session.
    static var file: FilePath { directory.appending(fileName) }

    /// The group that may read it.
    let readers: UInt32

    /// The record before this many bytes is kept once more, as `sessions.jsonl.1`.
    private static let mostBytes = 768 << 10
    /// How many sessions' output and recordings are kept.
    private static let mostKept = 50
    /// What is kept free for the next lines when the disk is full: a session's end should not be what is missing then.
    private static let reserve = 64 << 10

    /// Adds a line, and keeps room for more; on a full disk one without most of what there was to tell.
    ///
    /// - Returns: whether it was written, whole: a full disk must not end the session.
    func append(_ summary: SessionSummary) -> Bool {
        guard let place = try? place() else { return false }
        if place.size(of: Self.fileName) > Self.mostBytes { place.rename(Self.fileName, to: Self.formerName) }
        guard let file = open(Self.fileName, O_APPEND, in: place) else { return false }
        let isWritten = write(summary, to: file.raw) || write(summary.brief, to: file.raw)
        // Without a line more nothing is lost, and some file systems cannot.
        if isWritten { _ = dvm_reserve(file.raw.rawValue, Int64(place.size(of: Self.fileName)), Int64(Self.reserve)) }
        return isWritten
    }

    private func write(_ summary: SessionSummary, to file: FileDescriptor) -> Bool {
        guard let line = try? JSON.encode(summary) + [UInt8(ascii: "\n")],
            let before = try? Status.of(file, called: Self.fileName).size
        else { return false }
        // One write, so that the lines of two supervisors do not mix.
        if (try? file.writeAll(line)) == line.count { return true }
        // Half a line would spoil the next one too.
        try? file.resize(to: Int64(before))
        return false
    }

    /// Keeps the end of what a session has shown.
    func keep(_ output: ArraySlice<UInt8>, of session: SessionID) {
        guard let file = try? new("\(session).output") else { return }
        _ = try? file.raw.writeAll(output)
    }

    /// A new file of a session's; the oldest ones go.
    ///
    /// - Throws: a `Refusal` when there is no room for it, or nowhere that is root's alone.
    func new(_ name: String) throws(Refusal) -> OwnedDescriptor {
        let place = try place()
        let ending = name.split(separator: ".").last.map { ".\($0)" } ?? ""
        for old in place.names().filter({ $0.hasSuffix(ending) }).dropLast(Self.mostKept - 1) { place.remove(old) }
        guard let file = open(name, O_TRUNC, in: place) else {
            throw Refusal("\(Self.directory) takes no file: \(Errno(rawValue: errno))")
        }
        return file
    }

    /// What is recorded: every session once, with what is known of it last, oldest first.
    static func read() -> [SessionSummary] {
        var found: [SessionID: SessionSummary] = [:]
        for name in [formerName, fileName] {
            for line in (read(name) ?? []).split(separator: UInt8(ascii: "\n")) {
                guard let summary = try? JSON.decode(SessionSummary.self, from: Array(line)) else { continue }
                found[summary.id] = summary
            }
        }
        return found.values.sorted { $0.id < $1.id }
    }

    /// The end of what a session has shown that was detached.
    static func output(of session: SessionID) -> [UInt8]? { read("\(session).output") }

    private static func read(_ name: String) -> [UInt8]? {
        // Root's, or what is read there is anybody's.
        guard let directory = try? Directories.openOwned(directory, by: 0) else { return nil }
        return OpenDirectory(directory).read(name, atMost: 4 << 20)
    }

    /// The directory, made where it is missing.
    private func place() throws(Refusal) -> OpenDirectory {
        let mode: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute]
        return OpenDirectory(
            try Directories.open(making: Self.directory, mode: mode, group: readers, beside: .systemGroup(not: readers))
        )
    }

    private func open(_ name: String, _ flags: Int32, in place: borrowing OpenDirectory) -> OwnedDescriptor? {
        guard let file = place.open(name, flags) else { return nil }
        let path = Self.directory.appending(name)
        guard (try? Status.give(file.raw, to: readers, mode: [.ownerReadWrite, .groupRead], called: path)) != nil else {
            return nil
        }
        return file
    }
}

extension SessionSummary {
    /// As much of it as a line should have when there is no room for a longer one.
    fileprivate var brief: Self {
        var brief = self
        brief.words = Array(words.prefix(1))
        brief.notes = Array(notes.filter { $0.weight == .warning }.prefix(8))
        brief.facts?.refusedConnections = []
        brief.facts?.files?.executables = []
        return brief
    }
}
