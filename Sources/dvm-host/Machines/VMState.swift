internal import DVMProtocol

/// What this computer keeps about one VM between two runs of dvm; none of it is needed to get on.
struct VMState: Sendable {
    let directory: FilePath

    /// The names of the files that dvm writes into it, logs left out.
    static let files: Set<String> = SshEntryStore.files.union([
        "lima.yaml", "units.json", "made.json", "contact.json", "work.json", "synced.json", "copied.json",
        "inherited.json", SecretKey.file,
    ])

    /// Those that say that a VM still has the identity of another: without them it would be used as if it had its own.
    static let marks: Set<String> = ["copied.json", "inherited.json"]

    /// Bounds what is read back; a note of a unit is some hundred bytes.
    private static let largest = 4 << 20

    private var notesPath: FilePath { directory.appending("units.json") }
    private var contactPath: FilePath { directory.appending("contact.json") }
    private var workPath: FilePath { directory.appending("work.json") }
    private var syncPath: FilePath { directory.appending("synced.json") }
    private var copiedPath: FilePath { directory.appending("copied.json") }
    private var inheritedPath: FilePath { directory.appending("inherited.json") }
    private var madePath: FilePath { directory.appending("made.json") }

    /// What it remembers of the VM's units; nothing when that cannot be read.
    var notes: UnitNotes { read(UnitNotes.self, notesPath) ?? UnitNotes() }

    /// What the VM was made from.
    var made: MadeFrom? { read(MadeFrom.self, madePath) }

    /// Remembers what became of units.
    ///
    /// - Throws: a `Refusal` that names the file.
    func keep(_ notes: UnitNotes) throws(Refusal) { try write(notes, notesPath) }

    /// Remembers what a VM is made from, and nothing of one that had its name before.
    ///
    /// - Throws: a `Refusal` that names the file; above all, what is new must not pass for a copy.
    func begin(_ made: MadeFrom?) throws(Refusal) {
        if let path = forget().first {
            throw Refusal("cannot remove \(path.shown), which is of an earlier VM", hint: "see `ls -ld \(path.quoted)`")
        }
        try keep(UnitNotes())
        if let made { try write(made, madePath) }
    }

    /// What the VM said last of what it does.
    var contact: LastContact? { read(LastContact.self, contactPath) }

    /// What was nowhere but in the VM when that was last looked at.
    var work: WorkSeen? { read(WorkSeen.self, workPath) }

    /// Of what it is a copy, as long as it still passes for that.
    ///
    /// - Throws: a `Refusal` when there is a mark that cannot be read: that is not the same as none.
    func copied() throws(Refusal) -> CopiedFrom? { try readMark(CopiedFrom.self, copiedPath) }

    /// Snapshots that came with a copy.
    ///
    /// - Throws: a `Refusal` as above.
    func inherited() throws(Refusal) -> InheritedSnapshots? { try readMark(InheritedSnapshots.self, inheritedPath) }

    /// Remembers which snapshots came with a copy.
    ///
    /// - Throws: a `Refusal` that names the file.
    func keep(_ inherited: InheritedSnapshots) throws(Refusal) { try write(inherited, inheritedPath) }

    /// Remembers that a VM has said that its identity is its own, where that counts: it may be put back to another's.
    ///
    /// - Throws: a `Refusal` that names the file, where it is not remembered.
    func keepRecorded() throws(Refusal) {
        guard var inherited = try self.inherited(), inherited.isRecorded != true else { return }
        inherited.isRecorded = true
        try keep(inherited)
    }

    /// Remembers that a VM is a copy.
    ///
    /// - Throws: a `Refusal` that names the file.
    func keep(_ copied: CopiedFrom) throws(Refusal) { try write(copied, copiedPath) }

    /// Remembers that a VM passes for no other any more.
    ///
    /// - Throws: a `Refusal` that names the file.
    func forgetCopy() throws(Refusal) {
        do { try Files.remove(copiedPath) } catch {
            throw Refusal("cannot remove \(copiedPath.shown): \(error)", hint: "remove it, then run the command again")
        }
    }

    /// When the VM was last made what its configuration says, in seconds since 1970.
    var synced: Int? { read(Int.self, syncPath) }

    /// Remembers what a VM has just said; that it cannot is no reason to end what the command is about.
    func keep(_ contact: LastContact) { try? write(contact, contactPath) }

    /// Remembers what a VM has just been found to hold.
    func keep(_ work: WorkSeen) { try? write(work, workPath) }

    /// Forgets what was known of a disk that another has taken the place of.
    func forgetDisk() {
        for path in [contactPath, workPath, syncPath] { try? Files.remove(path) }
    }

    /// Remembers that the VM is what its configuration says.
    func keepSynced(at time: Int = Int(WallClock.now)) { try? write(time, syncPath) }

    /// Forgets a VM that is gone, but for its logs, the template it was made from and the key of its secrets.
    ///
    /// - Returns: the files that could not be removed.
    @discardableResult
    func forget() -> [FilePath] {
        let paths =
            [notesPath, contactPath, workPath, syncPath, madePath, copiedPath, inheritedPath]
            + SshEntryStore.files.sorted().map { directory.appending($0) }
        return paths.filter { path in
            do { try Files.remove(path) } catch { return true }
            return false
        }
    }

    private func read<Value: Decodable>(_ type: Value.Type, _ path: FilePath) -> Value? {
        Files.text(of: path, limit: Self.largest).flatMap { try? JSON.decode(type, from: Array($0.utf8)) }
    }

    private func readMark<Value: Decodable>(_ type: Value.Type, _ path: FilePath) throws(Refusal) -> Value? {
        do {
            _ = try FileStatus(ofLink: path)
        } catch {
            guard error != .noSuchFileOrDirectory else { return nil }
            throw Refusal("cannot look at \(path.shown): \(error)")
        }
        guard let value = read(type, path) else {
            throw Refusal(
                "\(path.shown) cannot be read, so the VM may have the identity of another",
                hint: "remove the file if you know that it has one of its own; else delete the VM, and copy it again"
            )
        }
        return value
    }

    private func write(_ value: some Encodable, _ path: FilePath) throws(Refusal) {
        let text = String(decoding: try JSON.encode(value, pretty: true), as: UTF8.self)
        try Files.makeDirectory(directory, mode: 0o700)
        try Files.replace(path, with: text)
    }
}
