/// The three streams every program expects to be started with.
enum StandardStreams {
    /// Opens those that the caller closed, on nothing.
    ///
    /// Otherwise the connection to the launcher would get the number of one, and be taken for it.
    static func complete() {
        while let file = try? FileDescriptor.open(FilePath("/dev/null"), .readWrite) {
            guard file.rawValue > 2 else { continue }
            try? file.close()
            return
        }
    }
}
