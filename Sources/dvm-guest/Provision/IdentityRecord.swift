internal import DVMProtocol

/// The name of the VM whose identity this one has, in a file of root's.
///
/// A copy has the file of the VM it was copied from until it gets an identity of its own, so that whoever talks to it can
/// tell, whatever is remembered elsewhere.
struct IdentityRecord {
    /// Where it is; another file in tests.
    var path: FilePath = "/var/lib/dvm/identity"

    /// The name; nothing where there is no record.
    func read() -> String? {
        guard let text = try? TextFile.read(path), let name = text.split(whereSeparator: \.isNewline).first else {
            return nil
        }
        return String(name)
    }

    /// Keeps the name for good; says whether it was another before.
    ///
    /// - Throws: a `Refusal` when it cannot be kept.
    func keep(_ name: String) throws(Refusal) -> Bool {
        _ = try Directories.make(
            path.removingLastComponent(),
            mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
        )
        let mode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
        return try TextFile.write(name + "\n", to: path, mode: mode, lasting: true)
    }
}
