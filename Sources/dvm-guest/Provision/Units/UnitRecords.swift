internal import DVMProtocol

/// What root remembers of units in a directory: `NAME.json` of one that succeeded, `NAME.begun` of one that has not yet.
///
/// A name may have dots and be `x.json` itself; its files are then `x.json.json` and so on, and never another's.
struct UnitRecords {
    /// Where they are; another directory in tests.
    var directory: FilePath = "/var/lib/dvm/units"

    private func done(_ name: String) -> FilePath { directory.appending("\(name).json") }
    private func begun(_ name: String) -> FilePath { directory.appending("\(name).begun") }

    /// The units that have succeeded, as many as one frame can carry beside other things; what is damaged counts as not
    /// there.
    func all(leaving others: Int = 1024) -> [UnitRecord] {
        var room = Frame.largestPayload - others
        return names(".json").compactMap { name in
            guard let bytes = try? TextFile.readBytes(done(name)),
                let record = try? JSON.decode(UnitRecord.self, from: bytes), record.name == name, bytes.count < room
            else { return nil }
            // A comma takes the place of the line feed, or is added.
            room -= bytes.count + 1
            return record
        }
    }

    /// The units that were begun and have not succeeded since.
    func unfinished() -> [String] { names(".begun") }

    /// Forgets that a unit succeeded, so that it runs again.
    func forget(_ name: String) { Removal.file(done(name)) }

    /// Forgets that a unit succeeded before, for good, and notes that it is begun.
    ///
    /// - Throws: a `Refusal` when that cannot be kept: without it, one that is cut short could be taken for done.
    func begin(_ unit: ProvisionUnit) throws(Refusal) {
        do throws(Refusal) {
            _ = try Directories.make(directory, mode: .ownerReadWriteExecute)
            try TextFile.write("\(unit.digest)\n", to: begun(unit.name), mode: .ownerReadWrite)
            Removal.file(done(unit.name))
            try Directories.flush(directory)
        } catch {
            throw Refusal(
                "“\(unit.name)” was not started, because that could not be noted: \(error.message)",
                hint: "make room on the VM's disk: `dvm ssh` and `df -h` show what it is full of"
            )
        }
    }

    /// Keeps that a unit succeeded, when everything it did is on the disk.
    ///
    /// - Throws: a `Refusal` when that cannot be kept.
    func finish(_ unit: ProvisionUnit, at time: Int) throws(Refusal) {
        let secrets = Set(unit.secrets.keys).union(unit.earlierSecrets).sorted()
        let record = UnitRecord(
            name: unit.name,
            digest: unit.digest,
            finished: time,
            secrets: secrets
        )
        do throws(Refusal) {
            let text = String(decoding: try JSON.encode(record), as: UTF8.self)
            // Before the record: a VM that is cut off may lose what the unit wrote, and then must not remember it.
            try Directories.flush(directory, wholeFileSystem: true)
            try TextFile.write(text + "\n", to: done(unit.name), mode: .ownerReadWrite, lasting: true)
            try Directories.flush(directory)
        } catch {
            Removal.file(done(unit.name))
            throw Refusal(
                "“\(unit.name)” ran to its end, but that could not be noted: \(error.message)",
                hint: "make room on the VM's disk; the next `dvm sync` runs it again"
            )
        }
        Removal.file(begun(unit.name))
    }

    private func names(_ suffix: String) -> [String] {
        Listing.names(in: directory).filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
    }
}
