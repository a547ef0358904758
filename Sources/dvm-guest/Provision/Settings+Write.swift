internal import DVMProtocol

extension Settings {
    /// Keeps the settings for later sessions.
    func write() throws(Refusal) -> Bool {
        _ = try Directories.make(
            FilePath("/var/lib/dvm"),
            mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
        )
        let text = String(decoding: try JSON.encode(self, pretty: true), as: UTF8.self) + "\n"
        return try TextFile.write(text, to: Self.path, mode: [.ownerReadWrite, .groupRead, .otherRead])
    }
}
